import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { seedActivated } from '../support/activated.ts';
import { typePassword } from '../support/at-home.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testDeps } from '../support/deps.ts';
import { type Program, runProgram } from '../support/program.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { type Answer, createVisitor, type Visitor } from '../support/visitor.ts';

/** K04, K05: processes are replaced one after the other, and the database moves on, while people are on their way. */

/** Starting servers takes its time where others run beside it. */
jest.setTimeout(240_000);

const BASE = 'http://localhost:3000';
const PEOPLE = 20;

let database: TestDatabase;
const programs: Program[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const deps = testDeps(database);
  for (let n = 0; n < PEOPLE; n += 1) await seedActivated(deps, { identifier: `k.route${n}` }, CHOSEN);
});
afterAll(async () => {
  for (const { child, ended } of programs) {
    child.kill('SIGKILL');
    await ended;
  }
  await database?.drop();
});

async function start(): Promise<{ program: Program; address: string }> {
  const program = runProgram('src/main.ts', [], {
    NODE_ENV: 'test',
    BASE_URL: BASE,
    DATABASE_URL: database.url,
    ALLOW_INSECURE_ISSUER: '1',
    HOST: '127.0.0.1',
    PORT: '0',
    COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
    SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
    SUBJECT_SALT: 'subject-salt-of-the-test-suite',
    SMTP_URL: 'smtp://127.0.0.1:1',
    ARGON2_MEMORY_KIB: '1024',
    LOGIN_ATTEMPTS_PER_ADDRESS: '100000',
    ARGON2_WAITING: '1000',
  });
  programs.push(program);
  return { program, address: `http://127.0.0.1:${(await program.says(/"port":(\d+)/))[1]}` };
}

/** The same browser, answered by another process from now on. */
function movedTo(address: string, visitor: Visitor): Visitor {
  const moved = createVisitor(address, { known: BASE });
  moved.cookies.push(...visitor.cookies);
  return moved;
}
const passwordPage = async (visitor: Visitor): Promise<Answer> => {
  const start = new URL((await visitor.get('/')).url).pathname;
  return visitor.get(`${start.replace(/\/connexion$/, '')}/connexion?profil=responsable`);
};
const isSignedIn = async (visitor: Visitor) => (await visitor.send('/compte/historique')).status === 200;

describe('K04: processes replaced one after the other', () => {
  test('nobody is thrown out: neither who is signed in, nor who is typing his password, nor who has just sent it', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    const visitors = Array.from({ length: PEOPLE }, () => createVisitor(first.address, { known: BASE }));
    const typed = (n: number) => ({ identifier: `k.route${n}`, password: CHOSEN });
    const pages = await Promise.all(
      visitors.map(async (visitor, n) => {
        if (n % 2 === 0) return passwordPage(visitor);
        await typePassword(visitor, await visitor.get('/'), { identifier: `k.route${n}` });
        return null;
      }),
    );
    // Some send their password at the moment at which the first process is told to end.
    const asked: Promise<Answer | null>[] = pages.map(async (page, n) =>
      page !== null && n % 4 === 0 ? (visitors[n] as Visitor).submit(page, typed(n), '/connexion') : null,
    );
    first.program.child.kill('SIGTERM');
    const third = start();
    // Those whose request had not been read when the door closed send it again, as a browser behind a proxy does.
    const answers = await Promise.allSettled(asked);
    expect(await first.program.ended).toBe(0);
    const moved = await Promise.all(
      visitors.map(async (visitor, n) => {
        const now = movedTo(n % 3 === 0 ? (await third).address : second.address, visitor);
        const page = pages[n];
        const done = n % 4 === 0 && answers[n]?.status === 'fulfilled';
        if (page && !done) await now.submit(page, typed(n), '/connexion');
        return now;
      }),
    );
    const signedIn = await Promise.all(moved.map(isSignedIn));
    expect(signedIn).toEqual(Array(PEOPLE).fill(true));

    // And the other one too: everybody is still there.
    second.program.child.kill('SIGTERM');
    expect(await second.program.ended).toBe(0);
    const { address } = await third;
    expect(await Promise.all(moved.map((visitor) => isSignedIn(movedTo(address, visitor))))).toEqual(
      Array(PEOPLE).fill(true),
    );
  });
});

describe('an upgrade under load', () => {
  test('a newer migration is applied while requests run: the old process goes on, and another one of it still starts', async () => {
    const old = programs.at(-1) as Program;
    const address = `http://127.0.0.1:${/"port":(\d+)/.exec(old.output())?.[1]}`;
    let on = true;
    const statuses: number[] = [];
    const load = Promise.all(
      [0, 1, 2].map(async (n) => {
        while (on) {
          const visitor = createVisitor(address, { known: BASE });
          await typePassword(visitor, await visitor.get('/'), { identifier: `k.route${n}` });
          statuses.push((await visitor.send('/compte/historique')).status);
        }
      }),
    );
    for (const statement of [
      'CREATE TABLE next_things (id INT NOT NULL PRIMARY KEY, account_id BIGINT UNSIGNED NOT NULL)',
      'ALTER TABLE accounts ADD COLUMN next_thing VARCHAR(20) NULL',
      'ALTER TABLE oidc_sessions ADD COLUMN next_thing VARCHAR(20) NULL, ADD KEY next_key (next_thing)',
      'ALTER TABLE audit_events ADD COLUMN next_thing VARCHAR(20) NULL',
    ])
      await database.db.raw(statement);
    await database
      .db('schema_migrations')
      .insert({ name: '999_next', batch: 99, migration_time: new Date() });
    const other = await start();
    expect((await fetch(`${other.address}/readyz`)).status).toBe(200);
    on = false;
    await load;
    expect([...new Set(statuses)]).toEqual([200]);
    expect((await fetch(`${address}/readyz`)).status).toBe(200);
    expect(old.child.exitCode).toBe(null);
    expect(old.output()).not.toMatch(/EC-500|"level":50/);
  });
});
