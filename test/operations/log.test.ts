import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Program, runProgram } from '../support/program.ts';

/** Starting a server takes its time where others run beside it. */
jest.setTimeout(120_000);

let database: TestDatabase;
let program: Program;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  program?.child.kill('SIGKILL');
  await program?.ended;
  await database?.drop();
});

/** More than a pipe holds. */
const LINES = 500;

test('N02: the log not read, then gone: the service goes on, and still ends when it is told to', async () => {
  program = runProgram('src/main.ts', [], {
    NODE_ENV: 'test',
    BASE_URL: 'http://localhost:3000',
    DATABASE_URL: database.url,
    ALLOW_INSECURE_ISSUER: '1',
    HOST: '127.0.0.1',
    PORT: '0',
    COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
    SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
    SUBJECT_SALT: 'subject-salt-of-the-test-suite',
    SMTP_URL: 'smtp://127.0.0.1:1',
  });
  const [, port] = await program.says(/"port":(\d+)/);
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/aide`)).status;
  program.child.stdout?.pause();
  for (let n = 0; n < LINES; n += 1) expect(await ask()).toBe(200);
  program.child.stdout?.destroy();
  for (let n = 0; n < LINES / 8; n += 1) expect(await ask()).toBe(200);
  expect(program.child.exitCode).toBe(null);
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
});
