import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { roughNetwork } from '../../src/audit/history.ts';
import { recordAudit } from '../../src/audit/record.ts';
import { seedActivated } from '../support/activated.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { found } from '../support/family.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

const PAGE = '/compte/historique';
const ROOT = join(import.meta.dirname, '..', '..');

describe('each event of the trail', () => {
  /** They carry no account: nobody's history has them. */
  const OF_NOBODY = [
    'staff-sign-in',
    'staff-refused',
    'troubleshooting-limit',
    'logout-untold',
    'export-data',
    'list-accounts',
    'list-pupils',
    'franceconnect',
    'import',
    'keys-rotated',
    'keys-resealed',
    'client-added',
    'client-changed',
    'client-secret',
    'client-service',
    'client-removed',
  ];

  test('that the source can write about an account has words of its own', () => {
    const words = JSON.parse(readFileSync(join(ROOT, 'views', 'locales', 'fr.json'), 'utf8')).account.history;
    const names = eventsOfSource();
    expect(names.length).toBeGreaterThan(25);
    expect(names).toEqual(expect.arrayContaining(['login', 'forgotten-password', 'activate-by-link']));
    const wordless = names.filter((name) => !OF_NOBODY.includes(name) && !(name in words.events));
    expect(wordless).toEqual([]);
    expect(Object.keys(words.refused).filter((name) => !names.includes(name))).toEqual([]);
  });

  /** Every text that is the value of `event:`, those of the account's life, and the one with a gap in it. */
  function eventsOfSource(): string[] {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
    const names = files
      .filter((file) => file.isFile() && file.name.endsWith('.ts'))
      .flatMap((file) => {
        const text = readFileSync(join(file.parentPath, file.name), 'utf8');
        const values = Array.from(text.matchAll(/\bevent: ([^,;{}\n]+)/g), ([, value = '']) => value);
        values.push(/FORGOTTEN_EVENTS = \{([^}]+)\}/.exec(text)?.[1] ?? '');
        if (file.name === 'lifecycle.ts') values.push(/type LifecycleEvent =([^;]+);/.exec(text)?.[1] ?? '');
        // In SQL and in a ternary's condition there are other quoted words, none of which looks like a line of the trail.
        return values.flatMap((value) =>
          Array.from(value.matchAll(/'([a-z][a-z-]+)'/g), ([, name = '']) => name),
        );
      });
    return [...new Set(names)].filter((name) => !['pupil', 'event'].includes(name)).sort();
  }
});

describe('« Historique »', () => {
  let database: TestDatabase;
  let world: TestWorld;
  let visitor: Visitor;
  let identifier: string;
  let count = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await startWorld(database);
  });
  afterAll(async () => {
    await world?.close();
    await database?.drop();
  });
  beforeEach(async () => {
    count += 1;
    identifier = `h.histoire${count}`;
    visitor = createVisitor(world.app.url);
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await typePassword(visitor, await visitor.get('/'), { identifier });
  });

  const idOf = async () => (await found(world.deps, identifier)).id;
  const line = async (event: string, more = {}) =>
    recordAudit(world.deps.db, {
      at: world.deps.clock.now(),
      event,
      outcome: 'done',
      actorKind: 'person',
      accountId: await idOf(),
      ...more,
    });
  const entriesOf = ({ text }: Answer) =>
    Array.from(text.matchAll(/<li>\s*<p class="ec-history__when">(.*?)<\/li>/gs), ([, entry = '']) =>
      entry
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ')
        .replaceAll('&#39;', "'")
        .trim(),
    );

  test('says how and roughly from where one signed in, and what was refused', async () => {
    await visitor.get('/');
    const wrong = createVisitor(world.app.url);
    await typePassword(wrong, await wrong.get('/'), { identifier, password: 'autre4chose' });
    const [refused = '', login = ''] = entriesOf(await visitor.get(PAGE));
    expect(refused).toContain('Connexion refusée Mot de passe incorrect. Par vous. Réseau 127.0.x.x.');
    expect(login).toContain('Connexion, avec le mot de passe Par vous. Réseau 127.0.x.x.');
  });

  test('names the school that saw or printed something, never who of its staff, nor his network', async () => {
    const [school] = await world.deps.db('schools').orderBy('id').limit(1);
    const by = { actorKind: 'school', actor: 'staff:7', schoolId: school.id, ip: '203.0.113.9' };
    await line('show-password', { ...by, details: 'version 3' });
    const page = await visitor.get(PAGE);
    expect(entriesOf(page)[0]).toContain(
      "Mot de passe provisoire affiché à l'écran Par E.E.PU-DES TILLEULS.",
    );
    for (const hidden of ['staff', '203.0', 'version 3']) expect(page.text).not.toContain(hidden);
  });

  test('a reminder of the identifier is not called a password that was handed out', async () => {
    await line('notify', { actorKind: 'school', details: 'activated > activated, C03' });
    await line('print-letter', { actorKind: 'school', details: 'C03, version 1, distribution 2' });
    const [printed = '', notified = ''] = entriesOf(await visitor.get(PAGE));
    expect(printed).toContain("Courrier avec le rappel de l'identifiant imprimé");
    expect(notified).toContain("Rappel de l'identifiant remis");
  });

  test('shows what it has no words for, and what happened to accounts that were regrouped with it', async () => {
    await line('invented-tomorrow');
    const now = world.deps.clock.now();
    const other = await seedActivated(world.deps, { identifier: `${identifier}b` }, CHOSEN);
    const third = await seedActivated(world.deps, { identifier: `${identifier}c` }, CHOSEN);
    const stranger = await seedActivated(world.deps, { identifier: `${identifier}d` }, CHOSEN);
    const merged = { closed_at: now };
    await world.deps
      .db('accounts')
      .where({ id: other.id })
      .update({ ...merged, merged_into: await idOf() });
    await world.deps
      .db('accounts')
      .where({ id: third.id })
      .update({ ...merged, merged_into: other.id });
    await line('freeze', { accountId: third.id });
    await line('erase', { accountId: stranger.id });
    const entries = entriesOf(await visitor.get(PAGE)).join(' | ');
    for (const text of ['Autre opération sur le compte', 'Compte bloqué']) expect(entries).toContain(text);
    expect(entries).not.toContain('Données effacées');
  });

  test('page by page, the last first, none twice and none lost; an odd page number is the first page', async () => {
    const now = world.deps.clock.now().getTime();
    // Many of the same moment, as an act of the school leaves them.
    for (let number = 0; number < 60; number += 1)
      await line('change-address', {
        at: new Date(now - Math.floor(number / 7) * 60_000),
        ip: `10.${number}.0.1`,
      });
    const seen: string[] = [];
    let page = await visitor.get(PAGE);
    for (let pages = 0; pages < 4; pages += 1) {
      seen.push(...entriesOf(page).flatMap((entry) => /Réseau (10\.\d+)\./.exec(entry)?.[1] ?? []));
      const [, older] = /href="([^"]+)" rel="next"/.exec(page.text) ?? [];
      if (older === undefined) break;
      page = await visitor.get(older);
    }
    expect(seen).toHaveLength(60);
    expect(new Set(seen).size).toBe(60);
    const first = entriesOf(await visitor.get(PAGE));
    for (const odd of ['0', '-1', 'x', '1e9', '%00', '2&page=3'])
      expect(entriesOf(await visitor.get(`${PAGE}?page=${odd}`))).toEqual(first);
    expect((await visitor.get(`${PAGE}?page=399`)).text).toContain('Rien n&#39;est enregistré');
  });
});

test.each([
  ['192.0.2.77', '192.0.x.x'],
  ['::ffff:192.0.2.77', '192.0.x.x'],
  ['2001:db8:1:2::3', '2001:db8:x'],
  ['::1', '1:x'],
  [null, null],
])('%s is told as %s', (ip, shown) => {
  expect(roughNetwork(ip)).toBe(shown);
});
