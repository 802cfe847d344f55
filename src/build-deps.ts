import { randomBytes, randomInt } from 'node:crypto';
import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { createPasswordHasher } from './credentials/hasher.ts';
import { createSealer } from './crypto/sealing.ts';
import { openDatabase } from './db/database.ts';
import { createHosts } from './db/hosts.ts';
import type { Deps } from './deps.ts';
import { createAcademicPortal } from './gateways/academic-portal.ts';
import { createFranceConnect } from './gateways/franceconnect.ts';
import { createSmtpMailer } from './gateways/smtp.ts';
import { createTwilioGateway } from './gateways/twilio.ts';
import { createRenderer } from './http/render.ts';

/** Statements of jobs and commands work on whole schools. */
const JOBS = { pool: 4, acquireTimeoutMs: 10_000, statementTimeoutMs: 600_000, lockWaitSeconds: 20 };
const REQUEST_LOCK_WAIT_S = 2;

/** The real parts, as the configuration asks for them. Nothing is connected yet. */
export function buildDeps(config: Config): Deps {
  const clock = { now: () => new Date() };
  const { DATABASE_URL: url, DATABASE_CONNECT_TIMEOUT_MS: connectTimeoutMs } = config;
  const database = { url, connectTimeoutMs, hosts: createHosts(url) };
  return {
    config,
    db: openDatabase({
      ...database,
      pool: config.DATABASE_POOL,
      acquireTimeoutMs: config.DATABASE_ACQUIRE_TIMEOUT_MS,
      statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
      lockWaitSeconds: REQUEST_LOCK_WAIT_S,
    }),
    jobsDb: openDatabase({ ...database, ...JOBS }),
    clock,
    random: { bytes: (size) => randomBytes(size), int: (max) => randomInt(max) },
    log: createLog(config),
    render: createRenderer({ rootDir: config.rootDir, production: config.NODE_ENV === 'production' }),
    sealer: createSealer(config.SEALING_KEYS),
    passwords: createPasswordHasher(config),
    mailer: createSmtpMailer(config),
    sms: createTwilioGateway(config),
    franceConnect: createFranceConnect({ config, clock }),
    academicPortal: createAcademicPortal({ config, clock }),
  };
}

/** Closes what `buildDeps` opened; a process that has nothing else to do then ends. */
export async function closeDeps(deps: Deps): Promise<void> {
  deps.mailer.close();
  await Promise.all([deps.db.destroy(), deps.jobsDb.destroy()]);
}

/** Lines that nobody takes are lost beyond that, not kept until memory is full. */
const LOG_WAITING_BYTES = 16 * 1024 * 1024;
const SECRET_FIELDS = ['password', 'token', 'authorization', 'cookie'];

/** What a line is made of, whoever writes it. */
export const logOptions = {
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  redact: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]),
  serializers: { err: describeError },
};

/**
 * JSON lines on the standard output. What could still hold a secret is struck out by name. Lines leave many at a
 * time, at the latest after a fifth of a second and at the end: who reads them slowly must not stop who answers.
 */
function createLog(config: Config): Logger {
  return pino(
    { ...logOptions, level: config.LOG_LEVEL },
    pino.destination({ sync: false, minLength: 12_288, periodicFlush: 200, maxLength: LOG_WAITING_BYTES }),
  );
}

export type ErrorFacts = {
  message: string;
  name?: string;
  code?: unknown;
  errno?: unknown;
  at?: string[] | undefined;
  cause?: unknown;
};

/**
 * An error without its own fields and without values: knex puts the statement before the server's words, and the
 * server quotes what it refused.
 */
export function describeError(error: unknown): ErrorFacts {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, code, errno, sqlMessage, cause } = error as Error & {
    code?: unknown;
    errno?: unknown;
    sqlMessage?: string;
  };
  const message = sqlMessage === undefined ? error.message : withoutValues(sqlMessage, errno);
  const at = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return { name, code, errno, message, at: at?.slice(0, 12), cause: cause && describeError(cause) };
}

/** Unknown database, column, table: what is quoted is a name of ours. */
const QUOTES_NAMES: unknown[] = [1049, 1054, 1146];

/** The server does not escape what it quotes: from the first quote to the last, but for the apostrophe of a word. */
function withoutValues(sqlMessage: string, errno: unknown): string {
  if (QUOTES_NAMES.includes(errno)) return sqlMessage;
  const [, refused = sqlMessage, key = ''] = /^(.*)( for key '[^']*')$/s.exec(sqlMessage) ?? [];
  return refused.replace(/(?<!\w)'(.*'(?!\w)|.*$)/s, "'…'") + key;
}
