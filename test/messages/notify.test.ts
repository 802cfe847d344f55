import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import scanner from 'jsqr';
import { accountColumns } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { openProvisional, sealProvisional } from '../../src/credentials/provisional.ts';
import { notifyCommand } from '../../src/messages/cli.ts';
import { notifySchool as notify } from '../../src/messages/notify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { readPdf } from './read-pdf.ts';
import { insertClass, insertGuardian, insertPupil, insertSchool } from './sample-school.ts';

// The package is CommonJS and its types say otherwise.
const jsQR = scanner as unknown as typeof scanner.default;
const UAI = '0319901A';
const NEIGHBOUR = '0319902B';
const COLLEGE = '0319903C';
const DAY = 86_400_000;

let database: TestDatabase;
let deps: TestDeps;
let folder: string;
const accounts: Record<string, number> = {};
const LONG = {
  givenName: 'Marie-Anne Élisabeth Joséphine Wilhelmina Alexandrine Bartholoméa Konstantina Mahaut',
  familyName:
    'Łódź-Kowalczyk de Montmorency-Laval von und zu Hohenstein-Übelacker van den Broek op Langedijk',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ec-letters-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  await database?.drop();
  database = await createTestDatabase();
  deps = testDeps(database);
  await fill();
});
afterAll(() => database.drop());

/** A primary school with every state, a neighbour that shares a family, a collège. */
async function fill() {
  const { db } = database;
  const school = await insertSchool(db, { uai: UAI });
  const neighbour = await insertSchool(db, { uai: NEIGHBOUR, name: 'E.M.PU LE RAMIER' });
  const college = await insertSchool(db, { uai: COLLEGE, name: 'COLLEGE JEAN EXEMPLE', degree: 2 });
  const cp = await insertClass(db, school, 'CP - Mme DARTHOUT');
  const ce1 = await insertClass(db, school, 'CE1 A');
  const ms = await insertClass(db, neighbour, 'MS');
  const pupil = (givenName: string, familyName: string, more = {}) =>
    insertPupil(db, { schoolId: school, classId: cp, givenName, familyName, ...more });
  const zoe = await pupil('Zoé', 'Abel');
  const ada = await pupil('Ada', 'Zorn', { classId: ce1 });
  const tom = await pupil('Tom', 'Abel', { schoolId: neighbour, classId: ms, birthDate: '2021-05-05' });
  const many = [];
  for (let index = 0; index < 8; index += 1)
    many.push(await pupil(`${LONG.givenName} ${index}`, LONG.familyName));
  const sealed = (publicId: string, plain: string) => sealProvisional(deps, publicId, plain);
  const lou = await insertPupil(db, {
    schoolId: college,
    givenName: 'Lou',
    familyName: 'College',
    degree: 2,
  });
  accounts.fresh = await insertGuardian(db, { identifier: 'p.abel', givenName: 'Paul', familyName: 'Abel' }, [
    zoe,
    tom,
  ]);
  accounts.strange = await insertGuardian(
    db,
    { identifier: 'l.odz', givenName: 'Łucja ﬁ 1\u202f000', familyName: "O'Brien-Ñ <b>&amp; Жук" },
    [ada],
  );
  accounts.long = await insertGuardian(db, { identifier: `m.${'l'.repeat(80)}`, ...LONG }, many);
  accounts.pending = await insertGuardian(
    db,
    {
      identifier: 'n.pending',
      givenName: 'Nora',
      familyName: 'Pending',
      state: 'notified',
      passwordKind: 'provisional',
      publicId: 'public-of-nora-pending',
      provisionalSealed: sealed('public-of-nora-pending', 'KEEPTH1SSX'),
      provisionalCreatedAt: new Date('2026-10-01T00:00:00Z'),
      distributedAt: new Date('2026-10-01T00:00:00Z'),
    },
    [zoe],
  );
  accounts.expired = await insertGuardian(
    db,
    {
      identifier: 'e.expired',
      givenName: 'Eva',
      familyName: 'Expired',
      state: 'notified',
      passwordKind: 'provisional',
      publicId: 'public-of-eva-expired1',
      provisionalSealed: sealed('public-of-eva-expired1', 'TOOOLDXXXX'),
      provisionalCreatedAt: new Date('2026-06-01T00:00:00Z'),
      distributedAt: new Date('2026-06-01T00:00:00Z'),
    },
    [zoe],
  );
  accounts.activated = await insertGuardian(
    db,
    {
      identifier: 'a.active',
      givenName: 'Alma',
      familyName: 'Active',
      state: 'activated',
      passwordKind: 'personal',
    },
    [zoe],
  );
  accounts.france = await insertGuardian(
    db,
    {
      identifier: 'f.connect',
      givenName: 'Flo',
      familyName: 'Connect',
      state: 'activated',
      origin: 'franceconnect',
    },
    [zoe],
  );
  accounts.reset = await insertGuardian(
    db,
    {
      identifier: 'r.reset',
      givenName: 'Remi',
      familyName: 'Reset',
      state: 'activated',
      passwordKind: 'provisional',
      publicId: 'public-of-remi-reset12',
      provisionalSealed: sealed('public-of-remi-reset12', 'RESETXX234'),
      provisionalCreatedAt: new Date('2026-11-20T00:00:00Z'),
    },
    [zoe],
  );
  accounts.college = await insertGuardian(
    db,
    { identifier: 'c.college', givenName: 'Cyr', familyName: 'College' },
    [lou],
  );
  const out = (identifier: string, pupilId: number, more = {}) =>
    insertGuardian(db, { identifier, givenName: 'Out', familyName: 'Of reach', ...more }, [pupilId]);
  accounts.noIne = await out('no.ine', await pupil('No', 'Ine', { ine: null }));
  accounts.noClass = await out('no.class', await pupil('No', 'Class', { classId: null }));
  accounts.left = await out('has.left', await pupil('Has', 'Left', { leftAt: new Date('2026-10-01') }));
  accounts.closed = await out('is.closed', zoe, { closedAt: new Date('2026-10-01') });
  accounts.ended = await out('is.ended', ada);
  await db('legal_links')
    .whereIn(
      'guardian_reference_id',
      db('guardian_references').select('id').where({ account_id: accounts.ended }),
    )
    .update({ ended_at: new Date('2026-10-01') });
}

async function account(key: string): Promise<Account> {
  return database.db('accounts').select(accountColumns()).where({ id: accounts[key] }).first();
}

async function run(...argv: string[]) {
  const lines = { out: [] as string[], err: [] as string[] };
  const io = { out: (line: string) => lines.out.push(line), err: (line: string) => lines.err.push(line) };
  const code = await notifyCommand(deps, argv, io);
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

const actor = { actorKind: 'operator' as const };

describe('notify', () => {
  test('moves the states of R-071, keeps passwords that work, renews those that have expired', async () => {
    const result = await notify(deps, { schoolUai: UAI, actor });
    if (!result.ok) throw new Error(result.reason);
    const messages = Object.fromEntries(
      result.batch.notified.map((one) => [one.account.identifier.slice(0, 9), one.message]),
    );
    expect(messages).toEqual({
      'p.abel': 'C01',
      'l.odz': 'C01',
      'm.lllllll': 'C01',
      'n.pending': 'C01',
      'e.expired': 'C01',
      'a.active': 'C03',
      'f.connect': 'C03',
      'r.reset': 'C05',
    });
    const now = deps.clock.now();
    for (const key of ['fresh', 'strange', 'long', 'pending', 'expired']) {
      expect(await account(key)).toMatchObject({ state: 'notified', origin: 'school', distributedAt: now });
    }
    for (const key of ['activated', 'france', 'reset']) {
      expect(await account(key)).toMatchObject({ state: 'activated', distributedAt: now });
    }
    expect((await account('france')).origin).toBe('franceconnect');
    expect((await account('france')).passwordKind).toBe('none');
    expect(openProvisional(deps, await account('fresh'))).toMatch(/^[2-9A-HJ-NP-Z]{10}$/);
    expect(openProvisional(deps, await account('pending'))).toBe('KEEPTH1SSX');
    expect(openProvisional(deps, await account('reset'))).toBe('RESETXX234');
    const renewed = await account('expired');
    expect(openProvisional(deps, renewed)).not.toBe('TOOOLDXXXX');
    expect(renewed.provisionalCreatedAt).toEqual(now);
    // Another draw for each.
    const drawn = await Promise.all(['fresh', 'strange', 'long', 'expired'].map(account));
    expect(new Set(drawn.map((one) => openProvisional(deps, one))).size).toBe(4);
  });

  test('leaves alone who is out of reach: no INE, no class, gone, closed, link ended, other school', async () => {
    await notify(deps, { schoolUai: UAI, actor });
    for (const key of ['noIne', 'noClass', 'left', 'closed', 'ended', 'college']) {
      expect(await account(key)).toMatchObject({
        state: 'not_notified',
        passwordKind: 'none',
        distributedAt: null,
      });
    }
  });

  test('a class is no condition in the second degree', async () => {
    const result = await notify(deps, { schoolUai: COLLEGE, actor });
    expect(result).toMatchObject({ ok: true });
    expect((await account('college')).state).toBe('notified');
  });

  test('a second run gives the same passwords and restarts the three months (R-068)', async () => {
    await notify(deps, { schoolUai: UAI, actor });
    const before = openProvisional(deps, await account('fresh'));
    deps.clock.advance(89 * DAY);
    await notify(deps, { schoolUai: UAI, actor });
    const after = await account('fresh');
    expect(openProvisional(deps, after)).toBe(before);
    expect(after.distributedAt).toEqual(deps.clock.now());
    deps.clock.advance(91 * DAY);
    await notify(deps, { schoolUai: UAI, actor });
    expect(openProvisional(deps, await account('fresh'))).not.toBe(before);
  });

  test('one school twice at once: one generation of passwords, both runs tell the same', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => notify(deps, { schoolUai: UAI, actor })));
    const told = runs.map((result) =>
      result.ok ? result.batch.notified.map(({ account: one }) => openProvisional(deps, one)) : [],
    );
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
    expect(told[0]).toContain(openProvisional(deps, await account('fresh')));
    const rows = await database
      .db('notification_results')
      .select('batch_id')
      .count({ n: '*' })
      .groupBy('batch_id');
    expect(rows.map((row) => row.n)).toEqual([8, 8, 8]);
  });

  test('leaves one audit line and one result an account, and no password in either', async () => {
    await notify(deps, { schoolUai: UAI, actor });
    const lines = await database.db('audit_events').where({ event: 'notify' });
    expect(lines).toHaveLength(8);
    const line = lines.find((one) => one.account_id === accounts.fresh);
    expect(line).toMatchObject({
      outcome: 'done',
      actor_kind: 'operator',
      details: 'not_notified > notified, C01',
    });
    const password = openProvisional(deps, await account('fresh')) ?? '';
    const everything = JSON.stringify([
      lines,
      await database.db('accounts'),
      await database.db('notification_batches'),
      await database.db('notification_results'),
    ]);
    expect(everything).not.toContain(password);
  });

  test('one class only, by its code or label', async () => {
    const result = await notify(deps, { schoolUai: UAI, schoolClass: 'CE1 A', actor });
    expect(result.ok && result.batch.notified.map((one) => one.account.identifier)).toEqual(['l.odz']);
    expect((await account('fresh')).state).toBe('not_notified');
    expect(await notify(deps, { schoolUai: UAI, schoolClass: 'CM2', actor })).toEqual({
      ok: false,
      reason: 'unknown-class',
    });
  });

  test('costs statements by the 500 accounts, in one transaction', async () => {
    const school = await insertSchool(database.db, { uai: '0319909Z' });
    const classId = await insertClass(database.db, school, 'CP');
    const child = await insertPupil(database.db, {
      schoolId: school,
      classId,
      givenName: 'A',
      familyName: 'B',
    });
    for (let index = 0; index < 60; index += 1) {
      await insertGuardian(database.db, { identifier: `x.y${index}`, givenName: 'X', familyName: 'Y' }, [
        child,
      ]);
    }
    const counted = countStatements(database.db);
    await notify(deps, { schoolUai: '0319909Z', actor });
    counted.stop();
    // One of them removes passkeys, which must not outlive a password of the school.
    expect(counted.statements.length).toBeLessThanOrEqual(10);
    expect(counted.commits()).toBe(1);
  });
});

describe('educonnect notify', () => {
  const pdf = (name: string) => join(folder, name);

  test('writes one page an account whose words are those of the database', async () => {
    const { code, out } = await run('--school', UAI, '--out', pdf('letters.pdf'));
    expect(code).toBe(0);
    expect(out).toContain('8 letters');
    expect((await stat(pdf('letters.pdf'))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);

    const { pages, marked, title, lang } = await readPdf(pdf('letters.pdf'));
    expect(pages).toHaveLength(8);
    expect(marked).toBe(true);
    expect(lang).toBe('fr-FR');
    expect(title).toContain('E.E.PU LES TILLEULS');
    const page = async (key: string) => {
      const one = await account(key);
      const found = pages.filter(({ text }) => text.replace(/ /g, '').includes(`:${one.identifier}`));
      expect(found).toHaveLength(1);
      return { ...(found[0] as (typeof pages)[number]), password: openProvisional(deps, one), account: one };
    };

    const fresh = await page('fresh');
    for (const words of [
      "A l'attention de Paul ABEL.",
      'Mise à disposition de services en ligne pour suivre la scolarité de votre enfant',
      "L'école E.E.PU LES TILLEULS",
      'http://localhost:3000',
      "En ce qui concerne votre compte d'accès :",
      'Zoé ABEL',
      'Tom ABEL',
      'Identifiant : p.abel',
      `Mot de passe * : ${fresh.password}`,
      '* Mot de passe provisoire, à modifier lors de la première connexion',
      "valables jusqu'au 20 février 2027",
      "Le directeur d'école.",
      'Activez votre compte responsable en 2 étapes :',
      'Etape 1 :',
      'Etape 2 :',
      'NB : ',
      'En cas de problème, vous trouverez toutes les informations nécessaires à cette adresse : http://localhost:3000/aide',
    ]) {
      expect(fresh.text).toContain(words);
    }
    expect(fresh.roles).toEqual(
      expect.arrayContaining(['Sect', 'H1', 'H2', 'P', 'L', 'LI', 'LBody', 'Figure']),
    );
    expect(fresh.alts.join(' ')).toContain('p.abel');

    const read = jsQR(fresh.code.data, fresh.code.size, fresh.code.size);
    expect(read?.data).toBe('http://localhost:3000/connexion?identifiant=p.abel');

    const strange = await page('strange');
    // The reader takes the ligature apart and white space is made plain above.
    expect(strange.text).toContain("A l'attention de Łucja fi 1 000 O'BRIEN-Ñ <B>&AMP; ЖУК.");
    expect(strange.text).toContain(`Mot de passe * : ${strange.password}`);

    const long = await page('long');
    expect(long.text.replace(/ /g, '')).toContain(
      `${LONG.givenName}7${LONG.familyName.toUpperCase()}`.replace(/ /g, ''),
    );
    expect(long.text).toContain(`Mot de passe * : ${long.password}`);
    expect(long.text).toContain('En cas de problème');

    const pending = await page('pending');
    expect(pending.text).toContain('Mot de passe * : KEEPTH1SSX');

    const activated = await page('activated');
    expect(activated.text).toContain('Rappel de votre identifiant : a.active');
    expect(activated.text).toContain('Votre mot de passe est inchangé.');
    expect(activated.text).not.toContain('Mot de passe *');
    const france = await page('france');
    expect(france.text).not.toContain('passe');

    const reset = await page('reset');
    expect(reset.text).toContain('Demande de changement de mot de passe pour les services en ligne');
    expect(reset.text).toContain("Vous avez demandé auprès de l'école E.E.PU LES TILLEULS");
    expect(reset.text).toContain('Mot de passe * : RESETXX234');
    expect(reset.text).toContain('à modifier lors de la prochaine connexion');

    // Each code is read again: none knows a password.
    for (const one of pages) {
      const address = jsQR(one.code.data, one.code.size, one.code.size)?.data ?? '';
      expect(address).toMatch(/^http:\/\/localhost:3000\/connexion\?identifiant=[a-z.0-9]+$/);
    }
    // Class first, then pupil: CE1 A before CP.
    expect(pages[0]?.text).toContain('CE1 A');
    expect(pages[1]?.text).toContain('CP - Mme DARTHOUT');
  });

  test('a head of a second-degree school signs as such (R-133)', async () => {
    expect(await run('--school', COLLEGE, '--out', pdf('college.pdf'))).toMatchObject({ code: 0 });
    const [page] = (await readPdf(pdf('college.pdf'))).pages;
    expect(page?.text).toContain("L'établissement COLLEGE JEAN EXEMPLE");
    expect(page?.text).toContain("Le chef d'établissement.");
    expect(page?.text).not.toContain('école COLLEGE');
  });

  test('when the file cannot be finished nothing is left of it, and a second run prints the same passwords', async () => {
    const opens = deps.sealer.open;
    let pages = 0;
    const sealer = {
      ...deps.sealer,
      open(sealed: string, context: string) {
        pages += 1;
        if (pages === 4) throw new Error('the disk is full');
        return opens(sealed, context);
      },
    };
    const healthy = deps;
    deps = { ...deps, sealer } as TestDeps;
    const first = await run('--school', UAI, '--out', pdf('broken.pdf'));
    deps = healthy;
    expect(first.code).toBe(1);
    expect(first.err).toContain('the same passwords');
    expect((await readdir(folder)).filter((name) => name.includes('broken'))).toEqual([]);
    const password = openProvisional(deps, await account('fresh'));
    expect(password).not.toBeNull();

    expect(await run('--school', UAI, '--out', pdf('broken.pdf'))).toMatchObject({ code: 0 });
    const { pages: printed } = await readPdf(pdf('broken.pdf'));
    expect(printed.some(({ text }) => text.includes(`Mot de passe * : ${password}`))).toBe(true);
  });

  test('refuses before it touches the database', async () => {
    await mkdir(pdf('folder.pdf'), { recursive: true });
    for (const [argv, code, words] of [
      [['--school', UAI, '--out', pdf('folder.pdf')], 1, 'is a folder'],
      [['--school', UAI, '--out', join(folder, 'no', 'such', 'x.pdf')], 1, 'cannot be written'],
      [['--school', '0319999X', '--out', pdf('x.pdf')], 1, 'No school has the UAI'],
      [['--school', UAI, '--class', 'CM2', '--out', pdf('x.pdf')], 1, 'no such class'],
      [['--school', 'nonsense', '--out', pdf('x.pdf')], 2, 'no UAI'],
      [['--school', UAI], 2, 'usage'],
      [[], 2, 'usage'],
    ] as const) {
      const result = await run(...argv);
      expect(result.code).toBe(code);
      expect(result.err).toContain(words);
    }
    expect((await account('fresh')).state).toBe('not_notified');
    expect((await readdir(folder)).filter((name) => name.endsWith('.part') || name === 'x.pdf')).toEqual([]);
  });

  test('a file that is there is replaced, --json tells programs', async () => {
    await writeFile(pdf('old.pdf'), 'old', { mode: 0o644 });
    const { code, out } = await run('--school', UAI, '--out', pdf('old.pdf'), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      school: { uai: UAI },
      letters: 8,
      kinds: { C01: 5, C03: 2, C05: 1 },
      file: pdf('old.pdf'),
    });
    expect((await stat(pdf('old.pdf'))).mode & 0o777).toBe(0o600);
  });
});
