import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { runProgram } from './support/program.ts';

/** Each test starts processes, which takes its time where others run beside it. */
jest.setTimeout(120_000);

const ENVIRONMENT = {
  NODE_ENV: 'test',
  BASE_URL: 'http://localhost:3000',
  ALLOW_INSECURE_ISSUER: '1',
  COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
  SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
  SUBJECT_SALT: 'subject-salt-of-the-test-suite',
  SMTP_URL: 'smtp://user:hidden@127.0.0.1:1',
};

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
});
afterAll(() => database?.drop());

async function educonnect(args: string, env: Record<string, string> = {}) {
  const given = { ...ENVIRONMENT, DATABASE_URL: database.url, ...env };
  const program = runProgram('src/cli.ts', args.split(' ').filter(Boolean), given);
  return { code: await program.ended, output: program.output() };
}

describe('npx educonnect', () => {
  test('names its commands; without one, or with a wrong one, it is wrong usage', async () => {
    const [help, none, wrong] = await Promise.all([educonnect('-h'), educonnect(''), educonnect('fly')]);
    expect(help.code).toBe(0);
    for (const name of [
      'serve',
      'migrate',
      'import',
      'notify',
      'statistics',
      'client',
      'keys',
      'force-change',
      'job',
      'config',
    ])
      expect(help.output).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect([none.code, wrong.code]).toEqual([2, 2]);
    expect(wrong.output).toContain('fly');
  });

  test('--help on a command needs no configuration', async () => {
    const answers = await Promise.all(
      ['import', 'client', 'config'].map((name) => educonnect(`${name} --help`, { DATABASE_URL: 'x' })),
    );
    for (const { code, output } of answers)
      expect([code, output.includes('usage: educonnect')]).toEqual([0, true]);
  });

  test('migrate brings the database up to date, once', async () => {
    const first = await educonnect('migrate --json');
    expect([first.code, JSON.parse(first.output).applied[0]]).toEqual([0, '001_core']);
    const again = await educonnect('migrate');
    expect([again.code, again.output.trim()]).toEqual([0, 'the database is up to date']);
  });

  test('what the database refused is told without its values', async () => {
    await database.db.raw(`CREATE TRIGGER refusing BEFORE INSERT ON signing_keys FOR EACH ROW
      SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'Duplicate entry ''Jeanne O''Brien'' for key ''k'''`);
    const refused = await educonnect('keys rotate');
    await database.db.raw('DROP TRIGGER refusing');
    expect([refused.code, refused.output.trim()]).toEqual([
      1,
      "educonnect keys: Duplicate entry '…' for key 'k'",
    ]);
  });

  test('config check prints what is in force, secrets masked, or all the faults', async () => {
    const [good, json, bad] = await Promise.all([
      educonnect('config check'),
      educonnect('config check --json'),
      educonnect('config check', { PORT: 'x', COOKIE_KEYS: '' }),
    ]);
    expect(good.code).toBe(0);
    expect(good.output).toContain('BASE_URL=http://localhost:3000');
    expect(good.output).toContain('COOKIE_KEYS=********');
    expect(good.output).not.toMatch(/hidden|test-suite/);
    expect(JSON.parse(json.output)).toMatchObject({ PORT: '3000', SMTP_URL: '********' });
    expect(bad.code).toBe(1);
    for (const name of ['PORT', 'COOKIE_KEYS']) expect(bad.output).toContain(name);
  });

  test('wrong options and verbs are wrong usage; a database that is away is a failure', async () => {
    const [option, verb, job, away] = await Promise.all([
      educonnect('migrate --fast'),
      educonnect('config print'),
      educonnect('job run nothing'),
      educonnect('migrate', { DATABASE_URL: 'mysql://nobody@127.0.0.1:1/none' }),
    ]);
    expect([option.code, verb.code, job.code, away.code]).toEqual([2, 2, 2, 1]);
    expect(option.output).toContain('usage: educonnect migrate');
    expect(away.output).not.toMatch(/\bat .*\.ts:/);
  });

  test('job run does once what the server does by the clock', async () => {
    const done = await educonnect('job run send-messages --json');
    expect([done.code, JSON.parse(done.output)]).toEqual([0, expect.objectContaining({ sent: 0 })]);
  });
});
