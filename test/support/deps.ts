import { randomBytes, randomInt } from 'node:crypto';
import type { Knex } from 'knex';
import { type Config, loadConfig } from '../../src/config.ts';
import { createPasswordHasher } from '../../src/credentials/hasher.ts';
import { createSealer } from '../../src/crypto/sealing.ts';
import type {
  Clock,
  Deps,
  Mailer,
  OutgoingMail,
  OutgoingSms,
  Random,
  SmsGateway,
  SmsResult,
} from '../../src/deps.ts';
import { createRenderer } from '../../src/http/render.ts';
import { keepSecret, runLog } from './run-log.ts';

/** A clock that stands still until a test moves it. */
export type TestClock = Clock & { set(date: Date): void; advance(ms: number): void };

export function createTestClock(start = new Date('2026-11-22T08:00:00.000Z')): TestClock {
  let now = start;
  return {
    now: () => new Date(now),
    set(date) {
      now = date;
    },
    advance(ms) {
      now = new Date(now.getTime() + ms);
    },
  };
}

export const systemRandom: Random = { bytes: (size) => randomBytes(size), int: (max) => randomInt(max) };

/** A mailer that remembers what it was given. */
export type TestMailer = Mailer & { sent: OutgoingMail[] };

export function createTestMailer(): TestMailer {
  const sent: OutgoingMail[] = [];
  return {
    sent,
    async send(mail) {
      sent.push(mail);
      keepSecret(mail.to, ...secretsIn(mail.text));
      return { ok: true };
    },
    close() {},
  };
}

/** The codes and the tokens of the links of a message. */
function secretsIn(text: string): string[] {
  return [...text.matchAll(/(?<!\d)\d{6}(?!\d)|(?<=\/)[\w-]{43}(?!\w)/g)].map(([secret]) => secret);
}

/** An SMS carrier that remembers; reports signed `genuine` are its own. */
export type TestSms = SmsGateway & {
  /** All that it was given, also what it refused. */
  sent: OutgoingSms[];
  /** Whose words it was told to forget. */
  forgotten: string[];
};

/** @param answer what it says to an SMS; by default it takes it as `SM1`, `SM2`... */
export function createTestSms(answer?: (sms: OutgoingSms) => SmsResult | Promise<SmsResult>): TestSms {
  const sent: OutgoingSms[] = [];
  const forgotten: string[] = [];
  return {
    sent,
    forgotten,
    async send(sms) {
      sent.push(sms);
      keepSecret(sms.to, ...secretsIn(sms.text));
      return answer ? answer(sms) : { ok: true, sid: `SM${sent.length}` };
    },
    isGenuine: async ({ signature }) => signature === 'genuine',
    async forget(sid) {
      forgotten.push(sid);
      return true;
    },
  };
}

const ENVIRONMENT = {
  NODE_ENV: 'test',
  BASE_URL: 'http://localhost:3000',
  ALLOW_INSECURE_ISSUER: '1',
  HTTP_LOOPBACK_CLIENTS: '1',
  COOKIE_KEYS: 'cookie-key-of-the-test-suite-1,cookie-key-of-the-test-suite-2',
  SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
  SUBJECT_SALT: 'subject-salt-of-the-test-suite',
  SMTP_URL: 'smtp://127.0.0.1:1',
  ARGON2_MEMORY_KIB: '1024',
  ARGON2_WAITING: '1000',
  PHONE_EXTRA_MOBILE_PREFIXES: '+3363998',
  LOG_LEVEL: 'silent',
};

/** @param overrides environment variables by name */
export function testConfig(databaseUrl: string, overrides: Record<string, string> = {}): Config {
  return loadConfig({ ...ENVIRONMENT, DATABASE_URL: databaseUrl, ...overrides });
}

export type TestDeps = Deps & { clock: TestClock; mailer: TestMailer };

/** Real parts on a real database; the clock stands still and mails are remembered. */
export function testDeps(
  database: { db: Knex; url: string },
  { env = {}, ...parts }: Partial<Deps> & { env?: Record<string, string> } = {},
): TestDeps {
  const config = testConfig(database.url, env);
  return {
    config,
    db: database.db,
    jobsDb: database.db,
    clock: createTestClock(),
    random: systemRandom,
    log: runLog(),
    render: createRenderer({ rootDir: config.rootDir, production: false }),
    sealer: createSealer(config.SEALING_KEYS),
    passwords: createPasswordHasher(config),
    mailer: createTestMailer(),
    sms: null,
    franceConnect: null,
    academicPortal: null,
    ...parts,
  } as TestDeps;
}

/** Counts statements without BEGIN, COMMIT, ROLLBACK and SET, and commits: transactions or autocommitted writes. */
export function countStatements(db: Knex): { statements: string[]; commits(): number; stop(): void } {
  const statements: string[] = [];
  let commits = 0;
  const inTransactions = new Set<string>();
  const listen = (query: { sql: string; __knexTxId?: string; __knexUid?: string }) => {
    const sql = query.sql.trim();
    if (/^(BEGIN|START TRANSACTION)/i.test(sql)) inTransactions.add(String(query.__knexUid));
    else if (/^COMMIT/i.test(sql)) {
      commits += 1;
      inTransactions.delete(String(query.__knexUid));
    } else if (/^ROLLBACK/i.test(sql)) inTransactions.delete(String(query.__knexUid));
    else if (!/^(SET|SAVEPOINT|RELEASE)/i.test(sql)) {
      statements.push(sql);
      const write = !/^\(?\s*(SELECT|SHOW|WITH|EXPLAIN)/i.test(sql);
      if (write && !inTransactions.has(String(query.__knexUid))) commits += 1;
    }
  };
  db.on('query', listen);
  return { statements, commits: () => commits, stop: () => db.removeListener('query', listen) };
}
