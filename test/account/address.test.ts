import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { sendDue } from '../../src/messages/send.ts';
import { seedActivated } from '../support/activated.ts';
import { pathOf, typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { found } from '../support/family.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { startWorld, type TestWorld } from '../support/world.ts';

const PAGE = '/compte/adresse';
const DAY_MS = 86_400_000;

let database: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let identifier: string;
let old: string;
let fresh: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});
beforeEach(() => {
  count += 1;
  identifier = `a.dresse${count}`;
  old = `${identifier}@example.org`;
  fresh = `nouvelle${count}@example.org`;
  visitor = createVisitor(world.app.url);
});

const account = (): Promise<Account> => found(world.deps, identifier);

/** Signed in, at the page. */
async function atPage(changes: Partial<Account> = {}): Promise<Answer> {
  const { id } = await seedActivated(world.deps, { identifier }, CHOSEN);
  await updateAccount(world.deps.db, id, changes, new Date());
  await typePassword(visitor, await visitor.get('/'), { identifier });
  return visitor.get(PAGE);
}

async function ask(page: Answer, email = fresh): Promise<Answer> {
  const { hidden } = readForm(page, PAGE);
  const answer = await visitor.send(PAGE, postOf(new URLSearchParams({ ...hidden, email }).toString()));
  return answer.headers.location === undefined ? answer : visitor.get(answer.headers.location);
}

async function mailsTo(to: string) {
  await sendDue(world.deps, { limit: 200 });
  return world.deps.mailer.sent.filter((mail) => mail.to === to);
}

/** The path of the last link of this kind that went to an address. */
async function linkTo(to: string, what: 'confirmer' | 'contester'): Promise<string> {
  const texts = (await mailsTo(to)).map(({ text }) => text);
  const links = texts.flatMap(
    (text) => new RegExp(`https?:\\S+(/adresse/${what}/[\\w-]+)`).exec(text)?.[1] ?? [],
  );
  return links.at(-1) ?? 'none';
}

/** Opens a link and presses its button if there is one, in a browser of its own. */
async function press(path: string): Promise<Answer> {
  const who = createVisitor(world.app.url);
  const page = await who.get(path);
  return page.status === 200 ? who.submit(page, {}) : page;
}

const events = async () =>
  world.deps
    .db('audit_events')
    .where({ account_id: (await account()).id })
    .orderBy('id')
    .pluck('event');

describe('« Modifier mon adresse » (R-155)', () => {
  test('pending until the link is followed; the old one is told twice; then the new one is the account’s', async () => {
    const asked = await ask(await atPage());
    expect([asked.status, pathOf(asked)]).toEqual([200, PAGE]);
    expect(asked.text).toContain(`>${fresh}</strong>`);
    expect(await account()).toMatchObject({ email: old });
    expect((await visitor.get('/')).text).toMatch(new RegExp(`En attente de confirmation.: ${fresh}`));
    expect((await mailsTo(old)).map(({ subject }) => subject)).toEqual([
      'EduConnect - Une autre adresse est demandée pour votre compte',
    ]);

    const link = await linkTo(fresh, 'confirmer');
    expect((await mailsTo(fresh))[0]?.text).not.toContain(identifier);
    const looker = createVisitor(world.app.url);
    for (let times = 0; times < 5; times += 1) expect((await looker.get(link)).text).toContain(fresh);
    expect(await account()).toMatchObject({ email: old });

    const done = await press(link);
    expect(done.text).toContain('Votre adresse est confirmée');
    expect(await account()).toMatchObject({ email: fresh, emailVerifiedAt: expect.any(Date) });
    expect((await mailsTo(old)).at(-1)?.subject).toContain("L'adresse de votre compte a été changée");
    expect((await mailsTo(old)).at(-1)?.text).not.toContain(fresh);
    // The session goes on, and the link is used.
    expect(pathOf(await visitor.get(PAGE))).toBe(PAGE);
    expect(await press(link)).toMatchObject({ status: 400 });
    expect(await events()).toEqual(expect.arrayContaining(['address-asked', 'address-changed']));
  });

  test('followed twenty times at once: exactly one confirms, nobody sees a fault', async () => {
    await ask(await atPage());
    const link = await linkTo(fresh, 'confirmer');
    const who = createVisitor(world.app.url);
    const page = await who.get(link);
    const answers = await Promise.all(Array.from({ length: 20 }, () => who.submit(page, {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(400)]);
    expect((await events()).filter((event) => event === 'address-changed')).toHaveLength(1);
  });

  test('two tabs: a new request kills the link of the one before; cancelled, none works', async () => {
    const page = await atPage();
    await ask(page);
    const first = await linkTo(fresh, 'confirmer');
    const again = await ask(page, `autre${fresh}`);
    expect((await press(first)).text).toContain('message plus récent');
    await visitor.submit(again, {}, '/annuler');
    expect((await press(await linkTo(`autre${fresh}`, 'confirmer'))).status).toBe(400);
    expect((await visitor.get(PAGE)).text).not.toContain('En attente');
    expect(await account()).toMatchObject({ email: old });
  });

  test('sent again: the earlier link is dead, and the old address is not told twice', async () => {
    const asked = await ask(await atPage());
    const first = await linkTo(fresh, 'confirmer');
    expect((await visitor.submit(asked, {}, '/renvoyer')).text).toContain('Le message a été renvoyé');
    expect((await press(first)).status).toBe(400);
    expect((await press(await linkTo(fresh, 'confirmer'))).status).toBe(200);
    expect(await mailsTo(old)).toHaveLength(2);
  });

  test('good for 24 hours, and dead with the credentials of the request', async () => {
    await ask(await atPage());
    const late = await linkTo(fresh, 'confirmer');
    world.advance(DAY_MS + 1000);
    expect((await press(late)).text).toContain('24 heures');

    const page = await createSignedIn();
    await ask(page);
    const stale = await linkTo(fresh, 'confirmer');
    await resetBySchool();
    expect((await press(stale)).status).toBe(400);
    expect(await account()).toMatchObject({ email: old });
  });

  test('the answer is the same for an address that others have, and helps to find out nothing', async () => {
    await seedActivated(world.deps, { identifier: `couple${count}` }, CHOSEN);
    const page = await atPage();
    const shared = await ask(page, `couple${count}@example.org`);
    const unknown = await ask(page, `personne${count}@example.org`);
    const bare = (answer: Answer) =>
      answer.text.replaceAll(/(couple|personne)\d+@example\.org/g, 'X').replaceAll(/\d/g, '');
    expect(bare(shared)).toBe(bare(unknown));
    expect((await press(await linkTo(`personne${count}@example.org`, 'confirmer'))).status).toBe(200);
  });

  test('refused: none, not one, one’s own; and too many', async () => {
    const page = await atPage();
    for (const [typed, said] of [
      ['', 'Saisissez une adresse mail'],
      ['claire@', 'adresse mail complète'],
      [old.toUpperCase(), 'déjà celle de votre compte'],
    ] as const) {
      const answer = await ask(page, typed);
      expect([answer.status, answer.text.includes(said)]).toEqual([400, true]);
    }
    // The one of one's own has counted, the others were never asked for.
    const answers: number[] = [];
    for (let times = 0; times < 5; times += 1) answers.push((await ask(page)).status);
    expect(answers).toEqual([200, 200, 200, 200, 400]);
    expect(await mailsTo(fresh)).toHaveLength(4);
  });

  test('a stranger’s mailbox is left in peace, without a word to whoever asks', async () => {
    const target = `victime${count}@example.org`;
    for (let person = 0; person < 7; person += 1) {
      identifier = `b.ombe${count}.${person}`;
      visitor = createVisitor(world.app.url);
      expect((await ask(await atPage(), target)).status).toBe(200);
    }
    expect(await mailsTo(target)).toHaveLength(5);
  });

  test('a first address, for an account that has none: nobody to tell but the mobile of the school', async () => {
    const page = await atPage({ email: null, emailVerifiedAt: null });
    await ask(page);
    expect((await press(await linkTo(fresh, 'confirmer'))).status).toBe(200);
    expect(await account()).toMatchObject({ email: fresh });
  });

  test('pupils too', async () => {
    await seedActivated(world.deps, { identifier }, CHOSEN);
    await database.db('accounts').where({ identifier }).update({ kind: 'pupil' });
    await typePassword(visitor, await visitor.get('/'), { identifier }, 'eleve');
    expect((await visitor.get('/')).text).toContain('href="/compte/adresse"');
    await ask(await visitor.get(PAGE));
    expect((await press(await linkTo(fresh, 'confirmer'))).status).toBe(200);
  });
});

describe('« Je m’y oppose »', () => {
  test('before the link is followed: the change is off, the account frozen, every session over', async () => {
    await ask(await atPage());
    const confirm = await linkTo(fresh, 'confirmer');
    const object = await linkTo(old, 'contester');
    expect((await createVisitor(world.app.url).get(object)).text).toContain('Je m&#39;y oppose');
    expect((await press(object)).text).toContain('Le compte est bloqué');
    expect((await press(confirm)).status).toBe(400);
    expect(await account()).toMatchObject({ email: old, frozenAt: expect.any(Date) });
    expect(pathOf(await visitor.get(PAGE))).not.toBe(PAGE);
    expect((await press(object)).text).toContain('déjà été bloqué');
  });

  test('after it was confirmed: the old one is back', async () => {
    await ask(await atPage());
    await press(await linkTo(fresh, 'confirmer'));
    expect(await account()).toMatchObject({ email: fresh });
    expect((await press(await linkTo(old, 'contester'))).status).toBe(200);
    expect(await account()).toMatchObject({
      email: old,
      emailVerifiedAt: expect.any(Date),
      frozenAt: expect.any(Date),
    });
    expect(await events()).toEqual(expect.arrayContaining(['freeze', 'address-objected']));
  });

  test('whoever has taken the account over cannot win by changing the address once more', async () => {
    const page = await atPage();
    await ask(page);
    await press(await linkTo(fresh, 'confirmer'));
    await ask(page, `encore${fresh}`);
    await press(await linkTo(`encore${fresh}`, 'confirmer'));
    // His first address was told, and may not object.
    expect(await mailsTo(fresh)).toHaveLength(3);
    expect(await linkTo(fresh, 'contester')).toBe('none');
    expect((await press(await linkTo(old, 'contester'))).status).toBe(200);
    expect(await account()).toMatchObject({ email: old, frozenAt: expect.any(Date) });
  });

  test('pressed twenty times at once, while the link is followed: one outcome, and the old address', async () => {
    await ask(await atPage());
    const confirm = await linkTo(fresh, 'confirmer');
    const object = await linkTo(old, 'contester');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => press(n % 2 ? object : confirm)));
    expect(answers.every(({ status }) => status === 200 || status === 400)).toBe(true);
    expect(await account()).toMatchObject({ email: old, frozenAt: expect.any(Date) });
    expect((await events()).filter((event) => event === 'freeze')).toHaveLength(1);
  });

  test('good for 72 hours', async () => {
    await ask(await atPage());
    const object = await linkTo(old, 'contester');
    world.advance(3 * DAY_MS + 1000);
    expect((await press(object)).text).toContain('72 heures');
    expect((await press('/adresse/contester/inconnu')).status).toBe(400);
    expect((await press('/adresse/confirmer/inconnu')).status).toBe(400);
  });
});

/** Signed in anew in the same account, at the page. */
async function createSignedIn(): Promise<Answer> {
  visitor = createVisitor(world.app.url);
  await typePassword(visitor, await visitor.get('/'), { identifier });
  return visitor.get(PAGE);
}

async function resetBySchool(): Promise<void> {
  const { id } = await account();
  const [schoolId] = await world.deps
    .db('pupils as p')
    .join('legal_links as l', 'l.pupil_id', 'p.id')
    .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .where('g.account_id', id)
    .pluck('p.school_id');
  const actor = { actorKind: 'school', actor: 'director' } as const;
  await resetPasswords(world.deps, { schoolId, accountIds: [id], formKey: null, actor });
}
