import { Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { eraseRows } from '../../src/accounts/erase-store.ts';
import { forgetAuditMonths } from '../../src/audit/forget-months.ts';
import { type AuditEvent, recordAudit } from '../../src/audit/record.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { seedFamily } from '../support/family.ts';

/** Group N: the trail is append-only, and sealed in a chain of which nothing can be taken (decision 11). */

let database: TestDatabase;
let deps: TestDeps;
let written = '';
let guardian: number;

beforeAll(async () => {
  database = await createTestDatabase();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  deps = testDeps(database, { log: pino({}, stream) });
  guardian = Number((await seedFamily(deps, { identifier: 'g.chaine', provisional: 'GVKJ7PPE23' })).id);
});
afterAll(() => database?.drop());
beforeEach(async () => {
  await database.db('audit_events').delete();
  await database.db('audit_seals').delete();
  await database.db('audit_chains').whereNot('month', 'turn').delete();
  deps.clock.set(new Date('2026-11-22T08:00:00.000Z'));
  written = '';
});

const record = (...events: Partial<AuditEvent>[]) =>
  recordAudit(
    deps.db,
    ...events.map((event) => ({
      at: deps.clock.now(),
      event: 'login',
      outcome: 'done' as const,
      actorKind: 'person' as const,
      accountId: guardian,
      ip: '203.0.113.9',
      requestId: 'request-of-the-test',
      ...event,
    })),
  );
/** Four months, two seals each. */
async function fourMonths(): Promise<void> {
  for (const month of ['2026-08', '2026-09', '2026-10', '2026-11'])
    for (const day of ['03', '17']) {
      deps.clock.set(new Date(`${month}-${day}T12:00:00.000Z`));
      await record({}, { event: 'show-password', actorKind: 'school', actor: 'staff:7' }, {});
      await sealAudit(deps);
    }
}
const verify = () => verifyAudit(deps);
const lineOf = (month: string) =>
  database.db('audit_events').where('at', 'like', `${month}%`).orderBy('id').first('id', 'seal_id');

describe('N03: the chain', () => {
  test('holds what was written, month by month, and says what is not sealed yet', async () => {
    await fourMonths();
    await record({});
    const { ok, months, unsealed } = await verify();
    expect([ok, unsealed.count]).toEqual([true, 1]);
    expect(months).toEqual(
      ['2026-08', '2026-09', '2026-10', '2026-11'].map((month) => ({ month, seals: 2, lines: 6 })),
    );
  });

  test.each<[string, (id: number, seal: number) => Promise<unknown>, string]>([
    [
      'a line is changed',
      (id) => database.db('audit_events').where({ id }).update({ event: 'reset' }),
      'was changed',
    ],
    [
      'who did it is changed',
      (id) => database.db('audit_events').where({ id }).update({ ip: null }),
      'was changed',
    ],
    [
      'who did it is blanked as if the account were erased',
      (id) => database.db('audit_events').where({ id }).update({ actor: null, ip: null, request_id: null }),
      'was changed',
    ],
    [
      'a line is taken away',
      (id) => database.db('audit_events').where({ id }).delete(),
      '3 lines were sealed, 2',
    ],
    [
      'a line is taken out of its seal',
      (id) => database.db('audit_events').where({ id }).update({ seal_id: null }),
      '2 are there',
    ],
    ['a seal is taken away', (_, id) => database.db('audit_seals').where({ id }).delete(), 'missing'],
    [
      'a line is put into a seal',
      (_, seal) =>
        database.db('audit_events').insert({
          at: new Date('2026-10-03T12:00:00.000Z'),
          event: 'login',
          outcome: 'done',
          actor_kind: 'person',
          seal_id: seal,
        }),
      '4 are there',
    ],
  ])('%s: told', async (_, tamper, told) => {
    await fourMonths();
    const { id, seal_id } = await lineOf('2026-10');
    await tamper(id, seal_id);
    const { ok, faults } = await verify();
    expect([ok, faults.join('\n')]).toEqual([false, expect.stringContaining(told)]);
  });

  test('the end of a month, or all of a month, taken away with its seals: told', async () => {
    await fourMonths();
    const { seal_id } = await database.db('audit_events').orderBy('id', 'desc').first('seal_id');
    await database.db('audit_events').where({ seal_id }).delete();
    await database.db('audit_seals').where({ id: seal_id }).delete();
    await database.db('audit_chains').where({ month: '2026-11' }).update({ seals: 1, line_count: 3 });
    expect((await verify()).faults).toEqual(['2026-11: its end is not the one that was sealed last']);

    await database.db('audit_events').where('at', 'like', '2026-09%').delete();
    for (const table of ['audit_seals', 'audit_chains'])
      await database.db(table).where({ month: '2026-09' }).delete();
    expect((await verify()).faults).toContainEqual(expect.stringContaining('does not follow 2026-08'));
  });

  test('what an erasure takes from its lines is no fault', async () => {
    await fourMonths();
    await database.db.transaction((trx) => eraseRows(trx, [guardian], deps.clock.now()));
    expect((await verify()).faults).toEqual([]);
    expect(
      await database.db('audit_events').whereNotNull('ip').where('actor_kind', 'person').first(),
    ).toBeUndefined();
    const { id } = await lineOf('2026-10');
    await database.db('audit_events').where({ id }).update({ details: 'another' });
    expect((await verify()).ok).toBe(false);
  });

  test('a month goes as a whole when all of it is over, and the rest still holds', async () => {
    await fourMonths();
    deps.clock.set(new Date('2027-09-30T23:00:00.000Z'));
    const signal = new AbortController().signal;
    expect(await forgetAuditMonths(deps, { now: deps.clock.now(), signal })).toBe(6);
    const { ok, months } = await verify();
    expect([ok, months.map(({ month }) => month)]).toEqual([true, ['2026-09', '2026-10', '2026-11']]);
  });

  test('two processes that seal at once, with lines that come meanwhile and late, leave one chain', async () => {
    const late = await database.db.transaction();
    await recordAudit(late, { at: deps.clock.now(), event: 'notify', outcome: 'done', actorKind: 'school' });
    await record(...Array.from({ length: 2500 }, () => ({})));
    const sealed = await Promise.all([sealAudit(deps), sealAudit(deps), record({}, {})]);
    await late.commit();
    await Promise.all([sealAudit(deps), sealAudit(deps)]);
    expect(Math.max(Number(sealed[0]), Number(sealed[1]))).toBeGreaterThan(2000);
    const { ok, months, unsealed } = await verify();
    expect([ok, months[0]?.lines, unsealed.count]).toEqual([true, 2503, 0]);
  });
});

describe('N01: the log', () => {
  test('has each line once, with its request, and nothing personal', async () => {
    await record(
      { event: 'login', outcome: 'refused', details: 'wrong' },
      { event: 'print-letter', actorKind: 'school', actor: 'staff:p.durand@ac-exemple.example' },
    );
    await sealAudit(deps);
    await sealAudit(deps);
    const told = written
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told).toEqual([
      expect.objectContaining({
        msg: 'audit',
        event: 'login',
        outcome: 'refused',
        by: 'person',
        account: guardian,
        network: '203.0.x.x',
        requestId: 'request-of-the-test',
        details: 'wrong',
      }),
      expect.objectContaining({ event: 'print-letter', actor: expect.stringMatching(/^staff#[\w-]{12}$/) }),
    ]);
    expect(written).not.toMatch(/113\.9|durand|chaine/);
  });

  test('N02: a line break that somebody put into a line stays within it', async () => {
    await record({ details: 'x\r\n{"event":"login","outcome":"done"}\u2028' });
    await sealAudit(deps);
    expect(written.trim().split('\n')).toHaveLength(1);
    expect((await verify()).ok).toBe(true);
  });
});
