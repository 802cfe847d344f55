import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { PasswordHasher } from './credentials/hasher.ts';
import type { Sealer } from './crypto/sealing.ts';
import type { Renderer } from './http/render.ts';

/** A knex instance or a transaction of it: a store takes it first, so that a transaction is passed by passing `trx`. */
export type Database = Knex | Knex.Transaction;

/** Where the type itself says that it must run inside a transaction. Rooms write this, never knex's own name. */
export type Transaction = Knex.Transaction;

/** The only source of time. */
export type Clock = { now(): Date };

/** The only source of randomness. */
export type Random = {
  /** Cryptographically strong bytes. */
  bytes(size: number): Buffer;
  /** A uniform whole number, 0 <= n < max. */
  int(max: number): number;
};

export type OutgoingMail = {
  /** Exactly one recipient (security.md 1.9). */
  to: string;
  subject: string;
  text: string;
  html?: string;
  /** Stable per message, so that a mail sent twice after a crash is recognised as the same. */
  messageId: string;
};

/** Sends one mail; `permanent` tells whether trying again is pointless. */
export type Mailer = {
  send(mail: OutgoingMail): Promise<{ ok: true } | { ok: false; permanent: boolean; reason: string }>;
  close(): void;
};

/** What rooms and doors are given; built once by `main.ts`, `cli.ts` or a test. */
export type Deps = {
  config: Config;
  /** Pool for requests: short time-outs. */
  db: Knex;
  /** Pool for jobs and commands: long statements allowed. */
  jobsDb: Knex;
  clock: Clock;
  random: Random;
  log: Logger;
  render: Renderer;
  sealer: Sealer;
  passwords: PasswordHasher;
  mailer: Mailer;
};
