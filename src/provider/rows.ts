import type { Account } from '../accounts/types.ts';

/** What the provider's stores hand to its adapter. */

/** What the provider reads of an account: no secret of it. */
export type Person = Pick<
  Account,
  | 'id'
  | 'publicId'
  | 'kind'
  | 'state'
  | 'givenName'
  | 'familyName'
  | 'email'
  | 'emailVerifiedAt'
  | 'lastLoginAt'
  | 'credentialsVersion'
  | 'closedAt'
>;

/** The library's payload without what identifies the artefact (`jti`) and without what has a column of its own. */
export type Payload = Record<string, unknown>;

export type Grant = {
  id: string;
  accountId: string;
  clientId: string;
  credentialsVersion: number;
  payload: Payload;
  expiresAt: Date;
};

/** A service that a session reached (decision 9). */
export type SessionClient = { sid: string; grantId: string | null };

export type LoadedSession = {
  uid: string;
  idHash: string;
  accountId: string;
  credentialsVersion: number;
  payload: Payload;
  touchedAt: Date;
  /** End of the session unless it is used before: 30 minutes by default. */
  idleAt: Date;
  /** End of the session however much it is used, 12 hours by default; until then its services are known. */
  expiresAt: Date;
  clients: Map<string, SessionClient>;
  /** Null: from before these were kept. The device is a word or two (http/device.ts). */
  begunAt: Date | null;
  device: string | null;
  /** False when this request has deleted the row. */
  stored: boolean;
};

export type TokenKind = 'AuthorizationCode' | 'AccessToken' | 'RefreshToken';

export type Token = {
  kind: TokenKind;
  grantId: string;
  sessionUid: string | null;
  payload: Payload;
  consumedAt: Date | null;
  expiresAt: Date;
};

/** What a token that dies with its session has to know of it. */
export type SessionBinding = {
  uid: string;
  accountId: string;
  credentialsVersion: number;
  idleAt: Date;
  clientId: string;
  /** Null when the service has left the session. */
  client: SessionClient | null;
};
