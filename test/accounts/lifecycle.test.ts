import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { applyEvent, type LifecycleEvent, transition } from '../../src/accounts/lifecycle.ts';
import {
  findAccountByIdentifier,
  insertAccounts,
  lockAccounts,
  updateProvisionals,
} from '../../src/accounts/store.ts';
import type { AccountOrigin, AccountState } from '../../src/accounts/types.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const at = (state: AccountState, origin: AccountOrigin = 'school') => ({
  kind: 'guardian' as const,
  state,
  origin,
});
const leads = (event: LifecycleEvent, state: AccountState, origin?: AccountOrigin) => {
  const next = transition(at(state, origin), event);
  return next.ok ? `${next.state}/${next.origin}` : next.reason;
};

describe('the life of a guardian account, as the requirements tell it', () => {
  test('R-071: notified by the school, first login, link of C07', () => {
    expect(leads('notify', 'not_notified', 'none')).toBe('notified/school');
    expect(leads('first-login', 'notified')).toBe('activating/school');
    expect(leads('activate-by-link', 'activating')).toBe('activated/school');
  });

  test('R-072, R-073: neither notification nor reset moves an account that was distributed', () => {
    for (const state of ['notified', 'activating', 'activated'] as const) {
      expect(leads('notify', state)).toBe(`${state}/school`);
      expect(leads('reset', state)).toBe(`${state}/school`);
    }
  });

  test('R-113: an account that was never notified cannot be reset', () => {
    expect(leads('reset', 'not_notified', 'none')).toBe('not-allowed');
  });

  test('R-042, R-053, X16: FranceConnect and SMS lead straight to « Activé » from every earlier state', () => {
    for (const state of ['not_notified', 'notified', 'activating'] as const) {
      expect(leads('activate-by-franceconnect', state)).toBe('activated/franceconnect');
      expect(leads('activate-by-sms', state)).toBe('activated/guardian');
    }
  });

  test('R-041: an account that was activated before keeps its origin when FranceConnect is added', () => {
    expect(leads('activate-by-franceconnect', 'activated', 'school')).toBe('activated/school');
    expect(leads('activate-by-franceconnect', 'activated', 'guardian')).toBe('activated/guardian');
  });

  test('R-058, R-059: no link activates an account whose first login is not complete', () => {
    expect(leads('activate-by-link', 'notified')).toBe('not-allowed');
    expect(leads('activate-by-link', 'activated')).toBe('not-allowed');
    expect(leads('first-login', 'activating')).toBe('not-allowed');
  });

  test('R-034, R-173: a pupil has the credentials of the school only, and is activated at once', () => {
    const pupil = { kind: 'pupil' as const, state: 'notified' as const, origin: 'school' as const };
    expect(transition(pupil, 'first-login')).toMatchObject({ ok: true, state: 'activated' });
    expect(transition(pupil, 'activate-by-sms')).toEqual({ ok: false, reason: 'not-allowed' });
    expect(transition(pupil, 'activate-by-franceconnect')).toEqual({ ok: false, reason: 'not-allowed' });
  });
});

describe('the store holds what the rules say', () => {
  let database: TestDatabase;
  const now = new Date('2026-11-22T08:00:00.000Z');
  beforeAll(async () => {
    database = await createTestDatabase();
    const people = ['a.first', 'b.second'].map((identifier, index) => ({
      publicId: `public-id-of-account-${index}`,
      kind: 'guardian' as const,
      identifier,
      givenName: 'Éloïse',
      familyName: "D'Ünès",
    }));
    await insertAccounts(database.db, people, now);
  });
  afterAll(() => database.drop());

  const account = async (identifier: string) => {
    const found = await findAccountByIdentifier(database.db, identifier);
    if (!found) throw new Error(`no account ${identifier}`);
    return found;
  };

  test('a notification writes state, provisional password and audit line; the account is found again', async () => {
    const { id } = await account('a.first');
    await inTransaction(database.db, async (trx) => {
      await updateProvisionals(
        trx,
        [{ id, sealed: 'v1.x.y' }],
        { state: 'notified', origin: 'school', distributedAt: now },
        now,
      );
    });
    const notified = await account('a.first');
    expect(notified).toMatchObject({
      state: 'notified',
      origin: 'school',
      passwordKind: 'provisional',
      distributedAt: now,
    });
    expect(notified.givenName).toBe('Éloïse');
    const moved = await inTransaction(database.db, async (trx) => {
      const [locked] = await lockAccounts(trx, [id]);
      if (!locked) throw new Error('not locked');
      return applyEvent(trx, locked, 'first-login', {
        now,
        actor: { actorKind: 'person', ip: '192.0.2.1' },
        changes: {
          passwordKind: 'personal',
          passwordHash: 'phc',
          provisionalSealed: null,
          email: 'a@example.org',
        },
      });
    });
    expect(moved.ok).toBe(true);
    const after = await account('a.first');
    expect(after).toMatchObject({ state: 'activating', email: 'a@example.org', provisionalSealed: null });
    expect(after.credentialsVersion).toBe(notified.credentialsVersion + 1);
    const lines = await database.db('audit_events').where({ account_id: id });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      event: 'first-login',
      outcome: 'done',
      details: 'notified > activating',
      ip: '192.0.2.1',
    });
  });

  test.each([
    ['two passwords at once', { password_kind: 'personal', password_hash: 'phc', provisional_sealed: 'v1' }],
    ['« Notifié » without a provisional password (R-084)', { state: 'notified', origin: 'school' }],
    ['« Activé » without a date', { state: 'activated', origin: 'guardian' }],
    ['an unknown state', { state: 'frozen' }],
    ['a verified address that is none', { email_verified_at: now }],
  ])('the database itself refuses %s', async (_what, row) => {
    const { id } = await account('b.second');
    await expect(database.db('accounts').where({ id }).update(row)).rejects.toThrow(/CONSTRAINT|check/i);
  });

  test('one identifier is one account, whatever looks alike is another (ascii_bin)', async () => {
    const twin = {
      publicId: 'public-id-of-another-1',
      kind: 'guardian' as const,
      givenName: 'A',
      familyName: 'B',
    };
    await expect(insertAccounts(database.db, [{ ...twin, identifier: 'a.first' }], now)).rejects.toThrow(
      /Duplicate/,
    );
    expect(await findAccountByIdentifier(database.db, 'A.FIRST')).toBeNull();
    expect(await findAccountByIdentifier(database.db, 'a.first ')).toBeNull();
  });
});
