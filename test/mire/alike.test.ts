import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { beginFranceConnect } from '../../src/enrolment/franceconnect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestSms } from '../support/deps.ts';
import { type SeedGuardian, seedGuardian } from '../support/guardians.ts';
import { type Answer, createVisitor, postOf, readForm } from '../support/visitor.ts';
import { authorizePath, startWorld, type TestWorld } from '../support/world.ts';

/** E01 on the ways that need no school: nobody learns by an answer whom the directory holds (decision 5). */

let database: TestDatabase;
let world: TestWorld;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database, { parts: { sms: createTestSms() } });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

type Change = Record<string, unknown>;
const record = (changes: Change) => ({ table: 'guardian_references', column: 'account_id', changes });
const account = (changes: Change) => ({ table: 'accounts', column: 'id', changes });
type Person = [string, SeedGuardian | null, ReturnType<typeof record>?];
const PEOPLE: Person[] = [
  ['known', {}],
  ['of another name', { familyName: 'AUTRE' }],
  ['whose account is blocked', {}, account({ frozen_at: new Date() })],
  ['whose account is closed', {}, account({ closed_at: new Date() })],
  ['who has left the directory', {}, record({ left_at: new Date() })],
  ['whose child has no INE', { children: [{ ine: null }] }],
  ['without a child', { children: [] }],
  ['unknown', null],
];

/** What the answers have in common whoever is meant: all but what is of this visit. */
function comparable({ status, headers, text }: Answer) {
  const { date: _date, 'x-request-id': _id, 'content-length': _length, etag: _etag, ...rest } = headers;
  const blind = (words: string) =>
    words
      .replace(/name="_csrf" value="[^"]*"/g, '')
      .replace(/interaction\/[\w-]+/g, 'interaction/X')
      .replace(/\d+\u00a0h\u00a0\d+/g, 'TIME')
      .replace(/\b[0-9a-f]{24}\b/g, 'REQUEST');
  return { status, headers: JSON.parse(blind(JSON.stringify(rest))), text: blind(text) };
}

let numbers = 0;
async function walk(way: 'sms' | 'franceconnect', [, seed, change]: Person) {
  for (const table of ['throttles', 'code_requests']) await database.db(table).delete();
  numbers += 1;
  // The two last figures are on the page.
  const mobile = `+33639${981 + Math.floor(numbers / 10)}${numbers % 10}77`;
  if (seed !== null) {
    const { account: owner } = await seedGuardian(world.deps, { mobile, ...seed });
    if (change)
      await database
        .db(change.table)
        .where({ [change.column]: owner.id })
        .update(change.changes);
  }
  const visitor = createVisitor(world.app.url);
  const start = /\/interaction\/[^/]+/.exec((await visitor.get(authorizePath(world.ent))).url)?.[0] ?? '';
  const interactionUid = start.split('/').at(-1) ?? '';
  const names = { givenName: 'ZOE', familyName: 'AUTREMENT', preferredName: null };
  const identity = { issuer: 'https://fc.example.test', sub: `sub-${numbers}`, ...names };
  if (way === 'franceconnect')
    await beginFranceConnect(world.deps, { interactionUid, clientId: null, identity, ip: '192.0.2.1' });
  const seen: Answer[] = [];
  const post = async (page: Answer, action: string, fields: Record<string, string>) => {
    const form = readForm(page, action);
    const answer = await visitor.send(
      form.action,
      postOf(new URLSearchParams({ ...form.hidden, ...fields }).toString()),
    );
    seen.push(answer);
    return answer;
  };
  const first = way === 'sms' ? 'inscription' : 'telephone';
  const typed = way === 'sms' ? { family_name: 'Martin', given_name: 'Claire', mobile } : { mobile };
  await post(await visitor.get(`${start}/${first}`), `/${first}`, typed);
  const code = await visitor.get(`${start}/code`);
  seen.push(code);
  await post(code, '/code', { code: '000000' });
  await post(code, '/renvoyer', {});
  world.advance(61_000);
  await post(code, '/renvoyer', {});
  seen.push(await visitor.get(`${start}/code?avis=renvoye`), await visitor.get(`${start}/code/rien-recu`));
  for (let tries = 0; tries < 6; tries += 1) await post(code, '/code', { code: '000000' });
  for (const page of ['enfants', 'nom', 'identifiants', 'continuer', first])
    seen.push(await visitor.send(`${start}/${page}`));
  return {
    answers: seen.map(comparable),
    cookies: visitor.cookies.map(({ name, path }) => [name, path.length]),
  };
}

test.each(['sms', 'franceconnect'] as const)(
  'E01: by %s every answer is the same for known, blocked, closed, gone and unknown people',
  async (way) => {
    const [known = ['', null], ...others] = PEOPLE as [Person, ...Person[]];
    const expected = await walk(way, known);
    expect(expected.answers.map(({ status }) => status)).toEqual([
      303, 200, 400, 400, 303, 200, 200, 400, 400, 400, 400, 400, 400, 303, 303, 303, 303, 200,
    ]);
    for (const person of others) expect([person[0], await walk(way, person)]).toEqual([person[0], expected]);
  },
  60_000,
);
