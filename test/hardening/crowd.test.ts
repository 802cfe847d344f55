import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { TestDeps } from '../support/deps.ts';
import { seedSchool } from '../support/school-accounts.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor } from '../support/visitor.ts';
import { authorizePath, codeOf, exchange, startWorld, type TestWorld } from '../support/world.ts';

/** L05: many full logins at once, each of whose answers has its own person in it and nobody else. */
jest.setTimeout(120_000);

/** `CROWD=1000` tries as many as the matrix says. */
const PEOPLE = Number(process.env.CROWD ?? 200);
const UAI = '0319971L';

let database: TestDatabase;
let world: TestWorld;
let deps: TestDeps;

beforeAll(async () => {
  // On a busy machine the last of them wait long for a connection.
  database = await createTestDatabase({ acquireTimeoutMs: 60_000, statementTimeoutMs: 60_000 });
  // All pass the gate, one after the other: this is about whose answer it is, C08 about how many there may be.
  world = await startWorld(database, {
    env: { ARGON2_WAITING: '1000', LOGIN_ATTEMPTS_PER_ADDRESS: '100000' },
  });
  deps = world.deps;
  const stamps = { created_at: new Date(), updated_at: new Date() };
  await database.db('schools').insert({
    uai: UAI,
    degree: 1,
    name: 'E.E.PU-LA FOULE',
    academy_code: '16',
    academy_name: 'TOULOUSE',
    source_id: UAI,
    ...stamps,
  });
  await seedSchool(deps, UAI, {
    guardians: numbers.map((number) => ({ ...person(number), as: 'activated' })),
    pupils: numbers.map((number) => ({
      givenName: childOf(number),
      familyName: person(number).familyName,
      class: 'CP',
      of: [person(number).identifier],
    })),
  });
  await database.db('accounts').update({ password_hash: await deps.passwords.hash(CHOSEN) });
});
afterAll(async () => {
  await world?.close();
  await database?.drop();
});

const numbers = Array.from({ length: PEOPLE }, (_, index) => index);
/** Three letters of which no two people share one in its place twice. */
const mark = (number: number) =>
  [number / 100, number / 10, number]
    .map((part) => 'bcdfghjklm'[Math.floor(part) % 10])
    .join('')
    .toUpperCase();
const person = (number: number) => ({
  givenName: 'Ada',
  familyName: `FOULE${mark(number)}`,
  identifier: `a.foule${number}`,
});
const childOf = (number: number) => `Enfant${mark(number)}`;
const marksIn = (text: string) => [
  ...new Set([...text.matchAll(/(?:FOULE|Enfant)([BCDFGHJKLM]{3})/g)].map(([, found]) => found)),
];

async function signIn(number: number): Promise<{ seen: (string | undefined)[]; sub: string }> {
  const visitor = createVisitor(world.app.url);
  const pages: Answer[] = [];
  const see = (page: Answer) => {
    pages.push(page);
    return page;
  };
  const state = `state-of-${number}-0123456789`;
  const first = see(await visitor.get(authorizePath(world.ent, { state })));
  const start = /^\/interaction\/[^/]+/.exec(new URL(first.url).pathname)?.[0] ?? 'nowhere';
  const form = see(await visitor.get(`${start}/connexion?profil=responsable`));
  const { identifier } = person(number);
  const done = see(await visitor.submit(form, { identifier, password: CHOSEN }, '/connexion'));
  expect(new URL(done.headers.location ?? '').searchParams.get('state')).toBe(state);
  const tokens = (await (await exchange(world, world.ent, codeOf(done) ?? '')).json()) as Record<
    string,
    string
  >;
  const me = await fetch(`${world.app.url}/oidc/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  const told = await me.text();
  const home = see(await visitor.get('/'));
  expect(home.text).toContain(identifier);
  expect(pages.filter(({ status }) => status >= 400)).toEqual([]);
  return { seen: [pages.map(({ text }) => text).join(''), told].flatMap(marksIn), sub: JSON.parse(told).sub };
}

test(`L05: ${PEOPLE} full logins at once: none fails, and each sees and tells of its own family alone`, async () => {
  const all = await Promise.all(numbers.map(signIn));
  const wrong = all.flatMap(({ seen }, number) => {
    const strange = seen.filter((found) => found !== mark(number));
    return seen.length === 0 || strange.length > 0 ? [{ number, seen }] : [];
  });
  expect(wrong).toEqual([]);
  expect(new Set(all.map(({ sub }) => sub)).size).toBe(PEOPLE);
});
