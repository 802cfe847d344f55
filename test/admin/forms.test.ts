import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { makeAllLetters } from '../../src/jobs/send-messages.ts';
import { sendDue } from '../../src/messages/send.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fillSchool, type Ids } from '../support/other-school.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/** What changes something asks for the token of its own session (F02), what only reads changes nothing; secrets (G04). */

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;
let csrf: string;
let own: Ids;
let head: Visitor;
let headCsrf: string;
let ofCollege: Ids;
const logged: string[] = [];
const AT = `/admin/etablissements/${STAFF_SCHOOLS.one.uai}`;

beforeAll(async () => {
  database = await createTestDatabase();
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk));
      done();
    },
  });
  world = await startStaffWorld(database, { parts: { log: pino({ level: 'trace' }, sink) } });
  own = await fillSchool(world.app.deps, STAFF_SCHOOLS.one.uai, 'PROCHE');
  visitor = createVisitor(world.app.url);
  csrf = csrfOf(await signInStaff(world, visitor, 'directeur'));
  ofCollege = await fillSchool(world.app.deps, STAFF_SCHOOLS.college.uai, 'COLLEGE');
  head = createVisitor(world.app.url);
  headCsrf = csrfOf(await signInStaff(world, head, 'principal'));
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const csrfOf = (page: Answer) => readForm(page, '/deconnexion').hidden._csrf ?? '';
/** Pages of pupils are a collège's. */
const isOfPupils = (path: string) => path.includes('/eleves');
const fill = (path: string) =>
  path
    .replace(':uai', STAFF_SCHOOLS[isOfPupils(path) ? 'college' : 'one'].uai)
    .replace(':account', (isOfPupils(path) ? ofCollege.pupils : own.accounts)[0] ?? '')
    .replace(':batch', (isOfPupils(path) ? ofCollege.pupilBatches : own.batches)[0] ?? '')
    .replace(':delegation', own.delegations[0] ?? '')
    .replace(':change', own.changes[0] ?? '');

async function tables(): Promise<string[]> {
  return database
    .db('information_schema.tables')
    .where({ table_schema: database.name, table_type: 'BASE TABLE' })
    .pluck('table_name');
}

/** A number for the content of each table but the trail and the time at which the session was last used. */
async function contents(besides: readonly string[] = []): Promise<unknown> {
  const unseen = ['audit_events', 'staff_sessions', ...besides];
  const names = (await tables()).filter((name) => !unseen.includes(name));
  const [rows] = await database.db.raw(`CHECKSUM TABLE ${names.join(', ')}`);
  return rows;
}

/** As a form of a page that would do something, were it not for its token. */
const FIELDS = 'all=1&q=&action=sheet&with-reset=1&decision=removed&expected=4&once='.concat('x'.repeat(43));

describe('a form', () => {
  const forms = ADMIN_ROUTES.filter(({ method }) => method === 'post').map(({ path }) => path);

  test.each(forms)(
    '%s without the token of this session, or from elsewhere: 403, nothing done',
    async (path) => {
      const stranger = createVisitor(world.app.url);
      const other = csrfOf(await signInStaff(world, stranger, 'trois'));
      const post = async (body: string, headers: Record<string, string> = {}, to = fill(path)) => {
        const options = postOf(body);
        return (
          await (isOfPupils(path) ? head : visitor).send(to, {
            ...options,
            headers: { ...options.headers, ...headers },
          })
        ).status;
      };
      const right = `_csrf=${isOfPupils(path) ? headCsrf : csrf}&${FIELDS}`;
      const before = await contents();
      const seen = {
        without: await post(FIELDS),
        empty: await post(`_csrf=&${FIELDS}`),
        others: await post(`_csrf=${other}&${FIELDS}`),
        origin: await post(right, { origin: 'https://example.org' }),
        site: await post(right, { 'sec-fetch-site': 'cross-site' }),
        sibling: await post(right, { 'sec-fetch-site': 'same-site' }),
        plain: await post(right, { 'content-type': 'text/plain' }),
        json: await post(JSON.stringify({ _csrf: csrf }), { 'content-type': 'application/json' }),
        inAddress: await post(FIELDS, {}, `${fill(path)}?_csrf=${csrf}`),
      };
      expect(Object.entries(seen).filter(([, status]) => status !== 403)).toEqual([]);
      for (const odd of [fill(path).replace('/admin', '/ADMIN'), `${fill(path)}/`])
        expect([403, 404, 405]).toContain(await post(FIELDS, {}, odd));
      expect(await contents()).toEqual(before);
      expect(
        await database
          .db('audit_events')
          .whereIn('actor', ['staff:directeur', 'staff:principal'])
          .whereNot({ event: 'staff-sign-in' }),
      ).toEqual([]);
    },
  );
});

test('what only reads changes nothing, and no page of the module is kept anywhere', async () => {
  // Whoever looks at pupils' passwords is counted.
  const counted = ['throttles'];
  const before = await contents(counted);
  for (const { path, needs } of ADMIN_ROUTES.filter(({ method }) => method === 'get')) {
    if (needs === 'nobody') continue;
    for (const method of ['GET', 'HEAD']) {
      const answer = await (isOfPupils(path) ? head : visitor).send(fill(path), { method });
      if (isOfPupils(path)) expect({ path, status: answer.status < 400 }).toEqual({ path, status: true });
      expect({ path, cache: answer.headers['cache-control'] }).toEqual({ path, cache: 'no-store' });
    }
  }
  expect(await contents(counted)).toEqual(before);
});

describe('provisional passwords', () => {
  test('are in clear nowhere but where the school is told them: no table, no log, no address (G04)', async () => {
    const { deps } = world.app;
    const many = Array.from({ length: 32 }, (_, index) => `foule${index}`);
    await seedSchool(deps, STAFF_SCHOOLS.one.uai, {
      guardians: many.map((identifier) => ({
        givenName: 'Guy',
        familyName: 'FOULE',
        identifier,
        as: 'activated',
        email: `${identifier}@example.org`,
      })),
      pupils: many.map((identifier) => ({
        givenName: 'Ana',
        familyName: 'FOULE',
        class: 'CE2',
        of: [identifier],
      })),
    });
    const post = (path: string, fields: string) => visitor.send(path, postOf(`_csrf=${csrf}&${fields}`));
    const secrets = new Set<string>();
    const remember = async () => {
      const rows = await database
        .db('accounts')
        .whereNotNull('provisional_sealed')
        .select({ publicId: 'public_id', provisionalSealed: 'provisional_sealed' });
      for (const row of rows) secrets.add(openProvisional(deps, row) ?? '');
    };
    for (const action of ['sheet', 'email', 'reset']) {
      const path = action === 'reset' ? 'reinitialiser' : 'notifier';
      const asked = await post(`${AT}/responsables/confirmer`, `all=1&q=&action=${action}&with-reset=1`);
      const once = /name="once" value="([^"]+)"/.exec(asked.text)?.[1];
      const expected = /name="expected" value="([^"]+)"/.exec(asked.text)?.[1];
      const done = await post(
        `${AT}/responsables/${path}`,
        `all=1&q=&action=${action}&with-reset=1&once=${once}&expected=${expected}`,
      );
      expect(done.status).toBe(303);
      await remember();
      if (action !== 'sheet') continue;
      await makeAllLetters(deps);
      const letters = await visitor.send(`${String(done.headers.location).split('?')[0]}/courrier.pdf`);
      expect(letters.headers['content-type']).toBe('application/pdf');
    }
    for (let sent = 1; sent > 0; ) ({ claimed: sent } = await sendDue(deps, { limit: 100 }));
    expect((await post(`${AT}/responsables/liste.csv`, 'all=1&q=')).text).toContain([...secrets].at(-1));
    await visitor.send(`${AT}/comptes/${own.accounts[0]}`);
    expect(secrets.size).toBeGreaterThan(90);

    const kept: string[] = [];
    for (const name of await tables()) kept.push(JSON.stringify(await database.db(name).select()));
    const text = kept.join('\n');
    const log = logged.join('\n');
    expect(log).toContain('/responsables/liste.csv');
    expect([...secrets].filter((secret) => text.includes(secret) || log.includes(secret))).toEqual([]);
    const left = await database
      .db('outbox_messages')
      .whereNotNull('content_sealed')
      .whereNot({ state: 'waiting' });
    expect(left).toEqual([]);
    // Nor whom anything was about.
    expect(log).not.toMatch(/FOULE|PROCHE|COLLEGE|@example\.org/);
  });
});
