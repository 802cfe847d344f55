import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eraseDue } from '../../src/accounts/erase.ts';
import { DEAD_WITH_ACCOUNT, DELETED_WITH_ACCOUNT, KEPT_COLUMNS } from '../../src/accounts/erase-store.ts';
import { linkFranceConnect, regroup } from '../../src/accounts/regroup.ts';
import { cutoffsOf } from '../../src/accounts/retention-rules.ts';
import { lockAccounts, updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { reportWrongAttachments } from '../../src/accounts/wrong-attachments.ts';
import { recordAudit } from '../../src/audit/record.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { DELETED_WITH_PUPIL, DELETED_WITH_REFERENCE } from '../../src/directory/records-retention-store.ts';
import { notify } from '../../src/messages/notify.ts';
import { seedActive } from '../support/active-guardian.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { columnsOf, columnsWith, referencesTo } from '../support/every-column.ts';
import { seedGuardian } from '../support/guardians.ts';

const ACTOR = { actorKind: 'system', actor: 'retention' } as const;
let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  deps = testDeps(database);
});

const erase = (...ids: number[]) => {
  const now = deps.clock.now();
  return eraseDue(deps, ids, { cutoffs: cutoffsOf(deps.config, now), now, actor: ACTOR });
};
const wish = (id: number) => updateAccount(deps.db, id, { forgetAt: deps.clock.now() }, deps.clock.now());

test('whatever names an account, a pupil or a guardian of the directory is known to those who erase', async () => {
  const named = DELETED_WITH_ACCOUNT.map(({ table, column }) => `${table}.${column}`);
  const dead = DEAD_WITH_ACCOUNT.map((table) => `${table}.account_id`);
  // What stays with the number of the account, or loses it.
  const kept = [
    'accounts.merged_into',
    'audit_events.account_id',
    'forced_marks.account_id',
    'guardian_references.account_id',
    // Services are still to be told of the end of a session.
    'logout_notices.account_id',
    'notification_results.account_id',
    'pupils.account_id',
    'wrong_attachments.account_id',
  ];
  const known = [...named, ...dead, ...kept].sort();
  const naming = [...(await referencesTo(deps.db, 'accounts')), ...(await columnsOf(deps.db, /account_id$/))];
  expect([...new Set(naming)].sort()).toEqual(known);
  expect(await referencesTo(deps.db, 'pupils')).toEqual(
    DELETED_WITH_PUPIL.map((table) => `${table}.pupil_id`).sort(),
  );
  expect(await referencesTo(deps.db, 'guardian_references')).toEqual(
    DELETED_WITH_REFERENCE.map((table) => `${table}.guardian_reference_id`).sort(),
  );
});

test('of a person who is erased no table has anything left but what the school keeps in its directory', async () => {
  const values = ['Quibberley', 'Oswaldine', 'quibb@example.org', 'quibb.new@example.org', 'fc-sub-quibb'];
  const account = await seedActive(
    deps,
    { familyName: 'Quibberley', givenName: 'Oswaldine', mobile: '+33639980777', email: 'quibb@example.org' },
    {
      email: 'quibb@example.org',
      schoolEmail: 'quibb@example.org',
      bouncedEmail: 'quibb.new@example.org',
      language: 'tr',
    },
  );
  const merged = await seedActive(deps, { familyName: 'Quibberley', givenName: 'Oswaldine' });
  const now = deps.clock.now();
  const reference = await deps.db('guardian_references').where({ account_id: account.id }).first();
  const link = await deps.db('legal_links').where({ guardian_reference_id: reference.id }).first();
  await inTransaction(deps.db, async (trx) => {
    await linkFranceConnect(trx, account.id, { issuer: 'https://fc.example', sub: 'fc-sub-quibb' }, now);
    const [survivor, other] = (await lockAccounts(trx, [account.id, merged.id])) as [Account, Account];
    await regroup(
      trx,
      { survivor, others: [other] },
      { now, actor: { actorKind: 'person', ip: '192.0.2.77' } },
    );
    const attachment = { referenceId: reference.id, pupilId: link.pupil_id, accountId: account.id };
    await reportWrongAttachments(trx, [attachment], { now, actor: { actorKind: 'person' } });
  });
  await fillTables(account, link.pupil_id);
  await recordAudit(
    deps.db,
    {
      at: now,
      event: 'login',
      outcome: 'done',
      actorKind: 'person',
      accountId: account.id,
      ip: '192.0.2.77',
    },
    {
      at: now,
      event: 'reset',
      outcome: 'done',
      actorKind: 'school',
      actor: 'staff:1',
      accountId: account.id,
      ip: '192.0.2.9',
    },
  );
  expect(await columnsWith(deps.db, values)).toEqual(
    expect.arrayContaining(['accounts.family_name', 'mail_links.email', 'outbox_messages.recipient']),
  );

  await wish(account.id);
  const erased = await erase(account.id);
  expect(erased).toEqual({
    ok: true,
    erased: [
      { id: account.id, rule: 'forget-asked' },
      { id: merged.id, rule: 'merged' },
    ],
  });
  const where = await columnsWith(deps.db, [...values, account.publicId, '192.0.2.77', account.identifier]);
  expect(where).toEqual([
    'accounts.public_id',
    'guardian_references.email',
    'guardian_references.family_name',
    'guardian_references.given_name',
    'guardian_references.search_name',
    'pupils.family_name',
    'pupils.search_name',
  ]);
  // The trail tells who did what to which number.
  const lines = await deps.db('audit_events').where({ account_id: account.id }).orderBy('id');
  expect(lines.at(-1)).toMatchObject({ event: 'erase', details: 'forget-asked', actor: 'retention' });
  expect(lines.filter(({ actor_kind }) => actor_kind === 'person').map(({ ip }) => ip)).not.toContain(
    '192.0.2.77',
  );
  expect(lines.find(({ event }) => event === 'reset')).toMatchObject({ actor: 'staff:1', ip: '192.0.2.9' });
});

/** A row in each table that an account may have rows in. */
async function fillTables(account: Account, pupilId: number): Promise<void> {
  const { db, clock } = deps;
  const now = clock.now();
  const hash = (letter: string) => letter.repeat(43);
  const soon = new Date(now.getTime() + 3600_000);
  const stamps = { created_at: now, expires_at: soon };
  await db('mail_links').insert({
    token_hash: hash('m'),
    purpose: 'activate',
    account_id: account.id,
    email: 'quibb.new@example.org',
    ...stamps,
  });
  await db('first_connections').insert({
    interaction_hash: hash('f'),
    account_id: account.id,
    step: 'address',
    credentials_version: 1,
    email: 'quibb@example.org',
    pupil_id: pupilId,
    updated_at: now,
    ...stamps,
  });
  await db('enrolments').insert({
    interaction_hash: hash('e'),
    way: 'franceconnect',
    step: 'mobile',
    fc_issuer: 'https://fc.example',
    fc_sub: 'fc-sub-quibb',
    account_id: account.id,
    updated_at: now,
    ...stamps,
  });
  await db('recoveries').insert({
    interaction_hash: hash('r'),
    goal: 'password',
    step: 'code',
    updated_at: now,
    ...stamps,
  });
  await db('recovery_accounts').insert({
    interaction_hash: hash('r'),
    account_id: account.id,
    credentials_version: 1,
  });
  await db('failed_checks').insert({ account_id: account.id, way: 'sms', failed: 'name', at: now });
  await db('outbox_messages').insert({
    unique_key: 'sent-to-quibb',
    channel: 'email',
    template: 'x',
    recipient: 'quibb@example.org',
    message_id: 'x@example.org',
    state: 'sent',
    due_at: now,
    give_up_at: now,
    created_at: now,
    sent_at: now,
  });
  await db('oidc_sessions').insert({
    uid: 'uid-quibb',
    id_hash: hash('s'),
    account_id: account.publicId,
    credentials_version: 1,
    payload: JSON.stringify({ accountId: account.publicId }),
    touched_at: now,
    idle_at: soon,
    expires_at: soon,
  });
}

test('the row that is left says nothing, and keeps sub and identifier from coming again', async () => {
  const account = await seedActive(deps, { familyName: 'Plumkin', givenName: 'Odile' });
  await wish(account.id);
  await erase(account.id);
  const row = await deps.db('accounts').where({ id: account.id }).first();
  const now = deps.clock.now();
  const said = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== ''));
  for (const column of KEPT_COLUMNS) delete said[column];
  // A column that is added is emptied in TOMBSTONE or named here.
  expect(said).toEqual({
    identifier: `*${account.id}`,
    state: 'not_notified',
    origin: 'none',
    password_kind: 'none',
    credentials_version: account.credentialsVersion + 1,
    closed_at: now,
    erased_at: now,
    created_at: now,
    updated_at: now,
  });
  expect(row.public_id).toBe(account.publicId);
  expect(await erase(account.id)).toEqual({ ok: true, erased: [] });
});

test('the records of the directory stay, without account, and are looked at anew', async () => {
  const seeded = await seedGuardian(deps);
  await deps
    .db('pupils')
    .whereIn('id', seeded.pupilIds)
    .update({ links_digest: 'x'.repeat(43) });
  await wish(seeded.account.id);
  await erase(seeded.account.id);
  expect(await deps.db('guardian_references').where({ id: seeded.referenceId }).first()).toMatchObject({
    account_id: null,
    given_name: 'Claire',
  });
  expect(await deps.db('pupils').whereIn('id', seeded.pupilIds).pluck('links_digest')).toEqual([null]);
});

test('while an import is at work nothing is erased, and none begins meanwhile', async () => {
  const { account } = await seedGuardian(deps);
  await wish(account.id);
  const lease = new Date(deps.clock.now().getTime() + 60_000);
  const run = {
    folder: 'x',
    dry_run: 0,
    state: 'running',
    running: 1,
    lease_until: lease,
    started_at: lease,
  };
  const [id] = await deps.db('import_runs').insert(run);
  expect(await erase(account.id)).toEqual({ ok: false, reason: 'importing' });
  await deps.db('import_runs').where({ id }).update({ running: null, state: 'done' });
  expect((await erase(account.id)).ok).toBe(true);
});

test('of a login and an erasure at once either comes first, and both are whole', async () => {
  const account = await seedActive(deps);
  await wish(account.id);
  const [erased] = await Promise.all([
    erase(account.id),
    inTransaction(deps.db, async (trx) => {
      const [mine] = await lockAccounts(trx, [account.id]);
      if (mine?.closedAt === null) await updateAccount(trx, account.id, { forgetAt: null }, deps.clock.now());
    }),
  ]);
  const row = await deps.db('accounts').where({ id: account.id }).first();
  const stayed = erased.ok && erased.erased.length === 0;
  expect([row.erased_at === null, row.identifier === account.identifier]).toEqual([stayed, stayed]);
});

describe('at the same moment as', () => {
  test('a distribution by the school: a letter for a living account, or none; never a password of an erased one', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { account } = await seedGuardian(deps);
      const school = await deps
        .db('schools as s')
        .join('pupils as p', 'p.school_id', 's.id')
        .join('legal_links as l', 'l.pupil_id', 'p.id')
        .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
        .where('g.account_id', account.id)
        .first('s.id');
      await wish(account.id);
      const request = {
        schoolId: school.id,
        accountIds: [account.id],
        channel: 'sheet',
        withReset: false,
      } as const;
      const actor = { actorKind: 'school' as const, actor: 'staff:1' };
      await Promise.all([erase(account.id), notify(deps, { ...request, formKey: null, actor })]);
      expect(await deps.db('accounts').where({ id: account.id }).first()).toMatchObject({
        state: 'not_notified',
        provisional_sealed: null,
        distributed_at: null,
        given_name: '',
      });
    }
  });

  test('a regrouping, in either direction: both accounts of the person go, or the other stays whole', async () => {
    for (const survivorWished of [true, false, true, false]) {
      const names = { familyName: 'Quarles', givenName: 'Noe' };
      const [one, two] = [await seedActive(deps, names), await seedActive(deps, names)];
      await wish(survivorWished ? one.id : two.id);
      await Promise.all([
        erase(survivorWished ? one.id : two.id),
        inTransaction(deps.db, async (trx) => {
          const [survivor, other] = (await lockAccounts(trx, [one.id, two.id])) as [Account, Account];
          if (survivor.closedAt !== null || other.closedAt !== null) return;
          await regroup(trx, { survivor, others: [other] }, { now: deps.clock.now(), actor: ACTOR });
        }),
      ]);
      const rows = await deps.db('accounts').whereIn('id', [one.id, two.id]).orderBy('id');
      for (const row of rows) {
        const whole = row.given_name === 'Noe' && row.erased_at === null;
        const gone = row.given_name === '' && row.erased_at !== null && row.email === null;
        expect([row.id, whole || gone]).toEqual([row.id, true]);
      }
      const references = await deps
        .db('guardian_references as g')
        .join('accounts as a', 'a.id', 'g.account_id');
      expect(references.filter(({ erased_at }) => erased_at !== null)).toEqual([]);
    }
  });
});
