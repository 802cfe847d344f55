import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ADMIN_ROUTES } from '../../src/admin/route-table.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fillSchool, type Ids } from '../support/other-school.ts';
import { STAFF_SCHOOLS, type StaffWorld, signInStaff, startStaffWorld } from '../support/staff.ts';
import { type Answer, createVisitor, postOf, readForm, type Visitor } from '../support/visitor.ts';

/** Lines E01 and E04 of the matrix, for the staff: what another school has looks like what nobody has. */

let database: TestDatabase;
let world: StaffWorld;
let visitor: Visitor;
let csrf: string;
let foreign: Ids;
const OWN = STAFF_SCHOOLS.one.uai;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startStaffWorld(database);
  visitor = createVisitor(world.app.url);
  csrf = readForm(await signInStaff(world, visitor, 'directeur'), '/deconnexion').hidden._csrf ?? '';
  await fillSchool(world.app.deps, OWN, 'PROCHE');
  foreign = await fillSchool(world.app.deps, STAFF_SCHOOLS.foreign.uai, 'LOINTAIN');
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

/** All of an answer but what is of this request, and what was asked for. */
function comparable({ status, headers, text }: Answer, asked: readonly string[]) {
  const { date: _date, 'x-request-id': _id, 'content-length': _length, etag: _etag, ...rest } = headers;
  const blind = (words: string) =>
    asked
      .filter((word) => word !== '')
      .reduce(
        (blinded, word) => blinded.replaceAll(encodeURIComponent(word), 'X').replaceAll(word, 'X'),
        words,
      )
      .replace(/\b[0-9a-f]{24}\b/g, 'REQUEST');
  return { status, headers: JSON.parse(blind(JSON.stringify(rest))), text: blind(text) };
}

test('E04: an account, batch, delegation or school of others, and one that nobody has: the same 404 on every route', async () => {
  const ids: Record<string, [string, string]> = {
    ':account': [foreign.accounts[0] ?? '', 'A'.repeat(22)],
    ':batch': [foreign.batches[0] ?? '', 'A'.repeat(22)],
    ':delegation': [foreign.delegations[0] ?? '', 'A'.repeat(22)],
    ':change': [foreign.changes[0] ?? '', 'A'.repeat(22)],
  };
  let tried = 0;
  for (const { method, path } of ADMIN_ROUTES.filter((route) => route.path.includes(':uai'))) {
    const name = Object.keys(ids).find((parameter) => path.includes(parameter));
    const ask = async (uai: string, id: string) => {
      const to = path.replace(':uai', uai).replace(name ?? '-', id);
      const answer = await visitor.send(to, method === 'get' ? {} : postOf(`_csrf=${csrf}&all=1`));
      expect([method, to, answer.status]).toEqual([method, to, 404]);
      return comparable(answer, [uai, id]);
    };
    const [theirs, nobodys] = name === undefined ? ['', ''] : (ids[name] as [string, string]);
    const answers = [
      await ask(STAFF_SCHOOLS.foreign.uai, theirs),
      await ask(STAFF_SCHOOLS.foreign.uai, nobodys),
      await ask('0310000Z', theirs),
      ...(name === undefined ? [] : [await ask(OWN, theirs), await ask(OWN, nobodys)]),
    ];
    for (const answer of answers) expect({ path, answer }).toEqual({ path, answer: answers[0] });
    tried += 1;
  }
  expect(tried).toBeGreaterThan(40);
});

test('E01: a search for somebody of another school is answered as one for nobody', async () => {
  const lists = ADMIN_ROUTES.filter(
    ({ method, path }) => method === 'get' && /\/(responsables|familles|journal|qualite)$/.test(path),
  );
  expect(lists.length).toBeGreaterThan(3);
  for (const { path } of lists) {
    const seen = [];
    for (const name of ['LOINTAIN', 'QUIDAM'])
      for (const query of [`q=${name}`, `personne=${name}`, `identifiant=${name}`]) {
        const answer = await visitor.send(`${path.replace(':uai', OWN)}?${query}`);
        seen.push([query.split('=')[0], comparable(answer, [name, name.toLowerCase()])] as const);
      }
    for (const field of ['q', 'personne', 'identifiant']) {
      const [first, ...others] = seen.filter(([by]) => by === field);
      for (const other of others) expect({ path, other }).toEqual({ path, other: first });
    }
  }
});
