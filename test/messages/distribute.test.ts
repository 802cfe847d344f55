import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountColumns } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { issueLink } from '../../src/codes/links.ts';
import { openProvisional, sealProvisional } from '../../src/credentials/provisional.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { resendActivationBySchool } from '../../src/enrolment/activation.ts';
import { notify } from '../../src/messages/notify.ts';
import { resetPasswords } from '../../src/messages/reset.ts';
import { sendDue } from '../../src/messages/send.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import {
  type AccountSample,
  insertClass,
  insertGuardian,
  insertPupil,
  insertSchool,
} from './sample-school.ts';

let database: TestDatabase;
let deps: TestDeps;
let school: number;
let pupil: number;
let foreign: number;
let ids: Record<string, number> = {};
const actor = { actorKind: 'school' as const, actor: 'staff:test' };
let last = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  school = await insertSchool(database.db, { uai: '0319901A', name: 'E.E.PU LES TILLEULS' });
  const other = await insertSchool(database.db, { uai: '0319902B', name: 'AILLEURS' });
  const classId = await insertClass(database.db, school, 'CP');
  pupil = await insertPupil(database.db, { schoolId: school, classId, givenName: 'Zoé', familyName: 'Abel' });
  const away = await insertPupil(database.db, { schoolId: other, givenName: 'Ailleurs', familyName: 'Abel' });
  foreign = await insertGuardian(database.db, sample('foreign'), [away]);
});
afterAll(() => database.drop());

const sample = (name: string, more: Partial<AccountSample> = {}): AccountSample => {
  last += 1;
  return {
    identifier: `${name.toLowerCase()}${last}`,
    givenName: 'Nora',
    familyName: name,
    publicId: `p-${last}-${name}`.padEnd(22, 'x').slice(0, 22),
    ...more,
  };
};
/** One with a provisional password. */
const pending = (name: string, plain: string, more: Partial<AccountSample> = {}): AccountSample => {
  const one = sample(name, more);
  return {
    ...one,
    passwordKind: 'provisional',
    provisionalSealed: sealProvisional(deps, one.publicId ?? '', plain),
    provisionalCreatedAt: new Date('2026-11-01'),
    distributedAt: new Date('2026-11-01'),
  };
};

beforeEach(async () => {
  const { db } = database;
  const add = (one: AccountSample) => insertGuardian(db, one, [pupil]);
  const verified = { emailVerifiedAt: new Date('2026-10-01') };
  ids = {
    fresh: await add(sample('fresh', { knownEmail: 'fresh@example.org' })),
    notified: await add(pending('notified', 'KEEPTHISPW', { state: 'notified' })),
    activating: await add(
      sample('activating', {
        state: 'activating',
        passwordKind: 'personal',
        email: 'activating@example.org',
      }),
    ),
    activated: await add(
      sample('activated', {
        state: 'activated',
        passwordKind: 'personal',
        email: 'activated@example.org',
        ...verified,
      }),
    ),
    france: await add(
      sample('france', { state: 'activated', origin: 'franceconnect', knownEmail: 'france@example.org' }),
    ),
    frozen: await add(
      sample('frozen', { state: 'activated', origin: 'franceconnect', frozenAt: new Date('2026-11-10') }),
    ),
    odd: await add(sample('odd', { knownEmail: 'un@example.org, deux@example.org' })),
  };
  await db('account_franceconnect').insert({
    account_id: ids.france,
    issuer: 'https://fc.example',
    sub: `sub-${ids.france}`,
    linked_at: new Date(),
  });
  await db('outbox_messages').delete();
  await db('audit_events').delete();
  deps.mailer.sent.length = 0;
});

const account = async (key: string): Promise<Account> =>
  database.db('accounts').select(accountColumns()).where({ id: ids[key] }).first();
const password = async (key: string) => openProvisional(deps, await account(key));

async function results(batch: string) {
  const rows = await database
    .db('notification_results as r')
    .join('notification_batches as b', 'b.id', 'r.batch_id')
    .where('b.public_id', batch)
    .select('r.*');
  const keys = new Map(Object.entries(ids).map(([key, id]) => [id, key]));
  return Object.fromEntries(
    rows.map((row) => [keys.get(row.account_id), [row.outcome, row.message, row.reset, row.delivery]]),
  );
}

async function run(channel: 'sheet' | 'email', withReset: boolean, formKey: string | null = null) {
  const accountIds = Object.values(ids);
  const result = await notify(deps, { schoolId: school, accountIds, channel, withReset, formKey, actor });
  if (!result.ok) throw new Error(result.reason);
  return result.batch;
}

describe('notify', () => {
  test('by sheet, without reset: the matrix R-124; who was blocked is not written to', async () => {
    expect(await results(await run('sheet', false))).toEqual({
      fresh: ['distributed', 'C01', null, null],
      odd: ['distributed', 'C01', null, null],
      notified: ['distributed', 'C01', null, null],
      activating: ['distributed', 'C03', null, null],
      activated: ['distributed', 'C03', null, null],
      france: ['distributed', 'C03', null, null],
      frozen: ['frozen', null, null, null],
    });
    expect(await password('notified')).toBe('KEEPTHISPW');
    expect((await account('frozen')).distributedAt).toBeNull();
    expect(await database.db('outbox_messages')).toHaveLength(0);
  });

  test('by sheet, with reset: all but « Non notifié » and FranceConnect alone (R-113, X14, G05); states stay', async () => {
    const before = await account('activated');
    expect(await results(await run('sheet', true))).toEqual({
      fresh: ['distributed', 'C01', 'not-notified', null],
      odd: ['distributed', 'C01', 'not-notified', null],
      notified: ['distributed', 'C01', 'done', null],
      activating: ['distributed', 'C05', 'done', null],
      activated: ['distributed', 'C05', 'done', null],
      france: ['distributed', 'C03', 'no-password', null],
      frozen: ['distributed', 'C05', 'done', null],
    });
    const after = await account('activated');
    expect(after).toMatchObject({ state: 'activated', passwordKind: 'provisional', passwordHash: null });
    expect(after.credentialsVersion).toBe(before.credentialsVersion + 1);
    expect((await account('activating')).state).toBe('activating');
    expect(await password('notified')).not.toBe('KEEPTHISPW');
    expect(await account('france')).toMatchObject({ passwordKind: 'none', credentialsVersion: 0 });
    expect(await account('frozen')).toMatchObject({ frozenAt: null, passwordKind: 'provisional' });
    // Told by mail, without the password (G05).
    await sendDue(deps);
    expect(deps.mailer.sent.map(({ to }) => to).sort()).toEqual([
      'activated@example.org',
      'activating@example.org',
    ]);
    const secrets = await Promise.all(['activated', 'activating'].map(password));
    for (const { subject, text } of deps.mailer.sent) {
      expect(subject).toBe('EduConnect - Votre mot de passe a été réinitialisé');
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
    const lines = await database.db('audit_events').where({ account_id: ids.activated }).orderBy('id');
    expect(lines.map(({ event, details }) => `${event}: ${details}`)).toEqual([
      'reset: by the school, activated',
      'notify: activated > activated, C05',
    ]);
  });

  test('by mail: only those with one address; the others are listed and left as they are (R-121)', async () => {
    const batch = await run('email', false);
    expect(await results(batch)).toEqual({
      fresh: ['distributed', 'C02', null, 'waiting'],
      odd: ['bad-address', null, null, null],
      notified: ['no-address', null, null, null],
      activating: ['distributed', 'C04', null, 'waiting'],
      activated: ['distributed', 'C04', null, 'waiting'],
      france: ['distributed', 'C04', null, 'waiting'],
      frozen: ['no-address', null, null, null],
    });
    expect((await account('odd')).state).toBe('not_notified');
    await sendDue(deps);
    const mail = deps.mailer.sent.find(({ to }) => to === 'fresh@example.org');
    const { identifier } = await account('fresh');
    expect(mail?.subject).toBe(
      'Mise à disposition de services en ligne pour suivre la scolarité de votre enfant',
    );
    expect(mail?.text).toContain("L'école E.E.PU LES TILLEULS");
    expect(mail?.text).toContain(`Identifiant : ${identifier}\nMot de passe * : ${await password('fresh')}`);
    expect(mail?.text).toContain("Le directeur d'école.");
    expect(mail?.text).not.toContain('attention de');
    expect(mail?.html).toContain(await password('fresh'));
    const reminder = deps.mailer.sent.find(({ to }) => to === 'activated@example.org');
    expect(reminder?.text).toContain('Votre mot de passe est inchangé.');
    const franceConnect = deps.mailer.sent.find(({ to }) => to === 'france@example.org');
    expect(franceConnect?.text).not.toContain('mot de passe');
    expect((await results(batch)).fresh).toEqual(['distributed', 'C02', null, 'sent']);
  });

  test('by mail with reset: C06, and no second mail', async () => {
    await run('email', true);
    await sendDue(deps);
    const mails = deps.mailer.sent.filter(({ to }) => to === 'activated@example.org');
    expect(mails.map(({ subject }) => subject)).toEqual([
      "Services en ligne de l'éducation nationale - demande de changement de mot de passe",
    ]);
    expect(mails[0]?.text).toContain(`Mot de passe * : ${await password('activated')}`);
  });

  test('a password goes to an address that somebody vouches for, before one that was typed and not confirmed', async () => {
    const known = 'base@example.org';
    const { db } = database;
    await db('guardian_references').where({ account_id: ids.activating }).update({ email: known });
    await db('guardian_references').where({ account_id: ids.activated }).update({ email: known });
    const sentTo = async () => {
      await db('outbox_messages').delete();
      await run('email', true);
      const rows = await db('outbox_messages')
        .whereIn('template', ['c02', 'c06'])
        .whereIn('concern_accounts', [String(ids.activating), String(ids.activated)])
        .orderBy('concern_accounts')
        .pluck('recipient');
      return rows.sort();
    };
    // Whoever has the letter may type what he likes.
    expect(await sentTo()).toEqual(['activated@example.org', known]);
    await resendActivationBySchool(deps, {
      accountId: ids.activating ?? 0,
      address: 'donnee@example.org',
      schoolId: school,
      actor,
    });
    expect(await sentTo()).toEqual(['activated@example.org', 'donnee@example.org']);
    // Typed anew since by somebody who has the password.
    await db('accounts').where({ id: ids.activating }).update({ email: 'typed@example.com' });
    expect(await sentTo()).toEqual(['activated@example.org', known]);
    await db('guardian_references').where({ account_id: ids.activating }).update({ email: null });
    expect(await sentTo()).toEqual(['activated@example.org', 'typed@example.com']);
  });

  test('a mail that still waits does not tell a password that is dead', async () => {
    const batch = await run('email', true);
    const dead = await password('activated');
    const one = { schoolId: school, accountIds: [ids.activated ?? 0], formKey: null, actor };
    expect((await resetPasswords(deps, one)).ok).toBe(true);
    await sendDue(deps);
    expect(deps.mailer.sent.filter(({ text }) => text.includes(String(dead)))).toEqual([]);
    expect((await results(batch)).activated).toEqual(['distributed', 'C06', 'done', 'replaced']);
  });

  test('an account of another school: nothing is done to anybody', async () => {
    const accountIds = [...Object.values(ids), foreign];
    const request = { schoolId: school, accountIds, formKey: 'k', actor };
    expect(await notify(deps, { ...request, channel: 'sheet', withReset: true })).toEqual({
      ok: false,
      reason: 'foreign',
    });
    expect(await resetPasswords(deps, request)).toEqual({ ok: false, reason: 'foreign' });
    expect((await account('fresh')).state).toBe('not_notified');
    expect(await database.db('audit_events')).toHaveLength(0);
    expect(await database.db('notification_batches').where({ form_key: 'k' })).toHaveLength(0);
  });

  test('the same form five times at once: one batch, one generation of passwords', async () => {
    const batches = await Promise.all(Array.from({ length: 5 }, () => run('sheet', true, 'form-1')));
    expect(new Set(batches).size).toBe(1);
    const told = await password('activated');
    expect(await run('sheet', true, 'form-1')).toBe(batches[0]);
    expect(await password('activated')).toBe(told);
    expect((await account('activated')).credentialsVersion).toBe(1);
    expect(
      await database.db('audit_events').where({ event: 'reset', account_id: ids.activated }),
    ).toHaveLength(1);
  });

  test('500 or fewer accounts cost a constant number of statements', async () => {
    const accountIds: number[] = [];
    for (let index = 0; index < 60; index += 1)
      accountIds.push(
        await insertGuardian(database.db, sample('many', { knownEmail: `m${index}@example.org` }), [pupil]),
      );
    const counted = countStatements(database.db);
    await notify(deps, {
      schoolId: school,
      accountIds,
      channel: 'email',
      withReset: true,
      formKey: 'x',
      actor,
    });
    counted.stop();
    // Passkeys that a new password ends and marks of a forced change are one each.
    expect(counted.statements.length).toBeLessThanOrEqual(14);
    expect(counted.commits()).toBe(1);
  });
});

describe('resetPasswords', () => {
  test('a new password, the old one dead with sessions and links; dates and states stay (R-142)', async () => {
    const before = await account('activating');
    await inTransaction(database.db, (trx) =>
      issueLink(deps, trx, { purpose: 'activate', accountId: before.id, email: 'activating@example.org' }),
    );
    const accountIds = Object.values(ids);
    const result = await resetPasswords(deps, { schoolId: school, accountIds, formKey: 'r', actor });
    if (!result.ok) throw new Error(result.reason);
    expect(await results(result.batch)).toEqual({
      fresh: ['kept', null, 'not-notified', null],
      odd: ['kept', null, 'not-notified', null],
      notified: ['reset', null, 'done', null],
      activating: ['reset', null, 'done', null],
      activated: ['reset', null, 'done', null],
      france: ['kept', null, 'no-password', null],
      frozen: ['reset', null, 'done', null],
    });
    const after = await account('activating');
    expect(after).toMatchObject({ state: 'activating', passwordKind: 'provisional', distributedAt: null });
    expect(after.credentialsVersion).toBe(before.credentialsVersion + 1);
    const links = await database.db('mail_links').where({ account_id: before.id });
    expect(links.map(({ revoked_at }) => revoked_at !== null)).toEqual([true]);
    expect((await account('fresh')).passwordKind).toBe('none');
  });
});
