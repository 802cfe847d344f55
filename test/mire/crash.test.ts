import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { cutAt } from '../support/cut-connections.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { codeFor, type Seeded, seedGuardian } from '../support/guardians.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';
import { authorizePath, startWorld, type TestWorld } from '../support/world.ts';

let database: TestDatabase;
let other: TestDatabase;
let world: TestWorld;
let visitor: Visitor;
let count = 0;
let mobile: string;

beforeAll(async () => {
  // A statement that is cut leaves its timer behind.
  database = await createTestDatabase({ statementTimeoutMs: 3000 });
  other = await createTestDatabase({ migrated: false });
  world = await startWorld(database, { parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
  await other?.drop();
});
beforeEach(async () => {
  for (const table of ['throttles', 'code_requests', 'outbox_messages', 'audit_events'])
    await database.db(table).delete();
  visitor = createVisitor(world.app.url);
  count += 1;
  mobile = `+3363998${String(7000 + count)}`;
});

/** Two records of one guardian, each with a child, up to the page that ends the way. */
async function toTheEnd(): Promise<{ page: Answer; records: Seeded[] }> {
  const records = [
    await seedGuardian(world.deps, { mobile, email: 'claire@example.org' }),
    await seedGuardian(world.deps, { mobile, degree: 2, children: [{ birthDate: '2016-05-14' }] }),
  ];
  const start = /\/interaction\/[^/]+/.exec((await visitor.get(authorizePath(world.ent))).url)?.[0] ?? '';
  const form = await visitor.get(`${start}/inscription`);
  const names = { family_name: 'Martin', given_name: 'Claire', mobile };
  const asked = await visitor.submit(form, names, '/inscription');
  const code = (await codeFor(world.deps, mobile)) ?? '';
  const children = await visitor.submit(asked, { code }, '/code');
  const fields: Record<string, string> = {};
  for (const [, key] of children.text.matchAll(/name="day_([\w-]+)"/g))
    Object.assign(fields, { [`day_${key}`]: '14', [`month_${key}`]: '05', [`year_${key}`]: '2016' });
  return { page: await visitor.submit(children, fields), records };
}

/** What the end of the way changes, as one text. */
async function state(records: Seeded[]): Promise<string> {
  const ids = records.map(({ account }) => account.id);
  const accounts = await database.db('accounts').whereIn('id', ids).orderBy('id');
  const references = await database.db('guardian_references').whereIn('account_id', ids).orderBy('id');
  const events = ['activate-by-sms', 'regroup'];
  return JSON.stringify([
    accounts.map((account) => [account.state, account.password_kind, account.merged_into !== null]),
    references.map(({ account_id }) => ids.indexOf(account_id)),
    (await database.db('outbox_messages').where({ template: 'link-notice' })).length,
    (await database.db('mail_links').whereIn('account_id', ids)).length,
    (await database.db('audit_events').whereIn('event', events)).length,
    (await database.db('enrolments').orderBy('created_at', 'desc').first()).step,
  ]);
}

test('K03: the connection cut at any statement of the end of the way: all of it is done or nothing', async () => {
  const { page: first, records: whole } = await toTheEnd();
  const before = await state(whole);
  await visitor.submit(first, { new_password: CHOSEN, confirmation: CHOSEN });
  const after = await state(whole);
  expect(after).not.toBe(before);

  const statuses = new Map<number, number>();
  for (let nth = 1; ; nth += 1) {
    count += 1;
    mobile = `+3363998${String(7000 + count)}`;
    for (const table of ['throttles', 'code_requests', 'outbox_messages', 'audit_events'])
      await database.db(table).delete();
    visitor = createVisitor(world.app.url);
    const { page, records } = await toTheEnd();
    const { action, hidden } = readForm(page);
    const body = new URLSearchParams({ ...hidden, new_password: CHOSEN, confirmation: CHOSEN }).toString();
    const knife = cutAt(nth, database, other);
    const answer = await visitor.send(action, postOf(body));
    await knife.settled();
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    expect([303, 503]).toContain(answer.status);
    expect([before, after]).toContain(await state(records));
    // Whoever sends the form again comes through, whatever was cut.
    const again = await visitor.get(page.url.replace(/^https?:\/\/[^/]+/, ''));
    if (again.url.endsWith('/identifiants'))
      await visitor.submit(again, { new_password: CHOSEN, confirmation: CHOSEN });
    expect(await state(records)).toBe(after);
    if (!knife.cut()) break;
  }
  expect(statuses.get(503)).toBeGreaterThan(5);
}, 120_000);
