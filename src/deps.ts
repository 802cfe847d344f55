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

/** `permanent`: trying again is pointless. `badAddress`: nobody can be reached there. */
export type MailResult =
  | { ok: true }
  | { ok: false; permanent: boolean; reason: string; badAddress?: boolean };

/** Sends one mail. */
export type Mailer = {
  send(mail: OutgoingMail): Promise<MailResult>;
  close(): void;
};

export type OutgoingSms = {
  /** E.164. */
  to: string;
  text: string;
  /** After so many seconds it is of no use any more and need not be delivered. */
  validitySeconds: number;
  /** Comes back with every report of its delivery, also of one of which we do not know whether it left. */
  reference: string;
};

/** What became of an attempt to hand an SMS over; `code` is the carrier's, or `timeout`, `network`. */
export type SmsResult =
  /** `sid`: by which the delivery is reported. */
  | { ok: true; sid: string }
  /** `retry`: try again later; `unsure`: it may have been taken, so never send it twice. */
  | { ok: false; outcome: 'retry' | 'unsure'; code: string; retryAfterSeconds?: number }
  /** Trying again is pointless. `fault`: this number cannot be reached, or our account or settings are wrong. */
  | { ok: false; outcome: 'refused'; code: string; fault: 'number' | 'ours' };

/** The SMS carrier (Twilio). */
export type SmsGateway = {
  send(sms: OutgoingSms): Promise<SmsResult>;
  /** Whether a report of a delivery is really the carrier's. @param url as the carrier was told it */
  isGenuine(report: { signature: string; url: string; params: Record<string, string> }): Promise<boolean>;
  /** Has the carrier forget the words of a message (decision 11). @returns false: try again later */
  forget(sid: string): Promise<boolean>;
};

/** Who FranceConnect says somebody is; everything but `sub` may be missing or spelt in another way than at school. */
export type FranceConnectIdentity = {
  issuer: string;
  /** Pairwise, at most 255 characters. */
  sub: string;
  /** All first names, apart by spaces. */
  givenName: string | null;
  /** Name at birth. */
  familyName: string | null;
  /** Name of use. */
  preferredName: string | null;
};

/** FranceConnect, of which we are a relying service. */
export type FranceConnect = {
  /** The address to send the visitor to. */
  begin(request: {
    redirectUri: string;
    state: string;
    nonce: string;
  }): Promise<{ ok: true; url: string } | { ok: false; reason: 'unreachable' }>;
  /**
   * Exchanges the code and verifies everything.
   * @param callbackUrl the whole address to which FranceConnect sent the visitor
   */
  finish(answer: {
    callbackUrl: string;
    state: string;
    nonce: string;
  }): Promise<
    | { ok: true; identity: FranceConnectIdentity; idToken: string }
    | { ok: false; reason: 'cancelled' | 'refused' | 'unreachable'; detail: string }
  >;
  /** Where a session at FranceConnect is ended; null when it cannot be reached. */
  endSessionUrl(logout: {
    idToken: string;
    postLogoutRedirectUri: string;
    state: string;
  }): Promise<string | null>;
};

/** Who the academic portal says somebody of the staff is; what his claims mean is for `staff/` to read. */
export type PortalIdentity = {
  issuer: string;
  /** At most 255 characters. */
  sub: string;
  /** Of the ID token, over those of userinfo. */
  claims: Readonly<Record<string, unknown>>;
};

/** To end the session at the portal, and to ask again who somebody is. */
export type PortalTokens = { idToken: string; accessToken: string; refreshToken: string | null };

/** The portal of the académie (ARENA), of which we are a relying service, by OpenID Connect. */
export type AcademicPortal = {
  /** The address to send the visitor to. @param request `strong`: he is asked for his key, whoever is signed in there */
  begin(request: {
    redirectUri: string;
    state: string;
    nonce: string;
    codeVerifier: string;
    strong: boolean;
  }): Promise<{ ok: true; url: string } | { ok: false; reason: 'unreachable' }>;
  /**
   * Exchanges the code and verifies everything.
   * @param callbackUrl the whole address to which the portal sent the visitor
   */
  finish(answer: {
    callbackUrl: string;
    state: string;
    nonce: string;
    codeVerifier: string;
  }): Promise<
    | { ok: true; identity: PortalIdentity; tokens: PortalTokens }
    | { ok: false; reason: 'cancelled' | 'refused' | 'unreachable'; detail: string }
  >;
  /**
   * Asks again, without the visitor, what the portal says of him.
   * @returns `ended` when it has nothing more to say: he must sign in again
   */
  reread(known: {
    sub: string;
    tokens: PortalTokens;
  }): Promise<
    | { ok: true; claims: Readonly<Record<string, unknown>>; tokens: PortalTokens }
    | { ok: false; reason: 'ended' | 'unreachable'; detail: string }
  >;
  /** Where a session at the portal is ended; null when it cannot be reached or offers none. */
  endSessionUrl(logout: { idToken: string; postLogoutRedirectUri: string }): Promise<string | null>;
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
  /** Null: no carrier is configured, and the ways in that need an SMS are not offered. */
  sms: SmsGateway | null;
  /** Null: not configured, and not offered. */
  franceConnect: FranceConnect | null;
  /** Null: not configured, and nobody of the staff can come in. */
  academicPortal: AcademicPortal | null;
};
