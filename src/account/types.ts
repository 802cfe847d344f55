import type { Account, AccountKind } from '../accounts/types.ts';
import type { Deps, Transaction } from '../deps.ts';
import type { Context } from '../http/context.ts';

/** A relying service that says where a sign-in to it begins. */
export type Service = { clientId: string; name: string; initiateLoginUri: string };

/** A session of a person at the provider, as he knows it. */
export type KnownSession = {
  uid: string;
  /** Null: begun before this was kept. */
  begunAt: Date | null;
  /** To the minute. */
  usedAt: Date;
  /** `Firefox, Android`; null: not known. */
  device: string | null;
  /** How he signed in (`pwd`, `sms`, `fc`, `hwk`). */
  amr: string[];
  /** Names of the services that it reached. */
  services: string[];
};

/** To be called once the transaction is committed: tells the services that their sessions are over. */
export type Telling = () => Promise<void>;

/** The narrow side of the provider that « Mon compte » sees; `createApp` hands it over. */
export type AccountHost = {
  /**
   * Path and query of the authorization request that begins a sign-in here.
   * @param request `identifier` is filled in on the login page, which is then shown even to somebody signed in;
   * `proof`: that person, and nobody else, is to prove again who he is
   */
  ownAuthorizationPath(request: {
    state: string;
    nonce: string;
    challenge: string;
    identifier?: string | undefined;
    proof?: boolean | undefined;
    profile?: 'pupil' | undefined;
  }): string;
  /** Uses the code that came back, once; null when it is refused. `authenticatedAt`: it may be long ago. */
  redeem(proof: {
    code: string;
    verifier: string;
    nonce: string;
  }): Promise<{ accountPublicId: string; sessionUid: string; authenticatedAt: Date } | null>;
  /** What is done here counts as use of the provider's session. */
  touch(sessionUid: string): Promise<void>;
  /**
   * Ends that session (null: the one of the browser's cookie) and tells all its services.
   * @param next the whole address to which the browser goes afterwards
   * @returns where to send it now: a session that came from FranceConnect is ended there too, on the way
   */
  signOut(ctx: Context, sessionUid: string | null, next: string): Promise<string>;
  /** The sessions that are open for this account, last used first, at most fifty. */
  sessionsOf(accountPublicId: string): Promise<KnownSession[]>;
  /** Ends one of them, with what its services were given. @returns null when it is not his, or over already */
  endOneSession(trx: Transaction, session: { accountPublicId: string; uid: string }): Promise<Telling | null>;
  /**
   * Ends all of them, with every grant and refresh token; the transaction has locked the account.
   * @param keep the one that goes on, with the account's new credentials
   */
  endSessionsOf(
    trx: Transaction,
    accountPublicId: string,
    keep?: { sessionUid: string; credentialsVersion: number },
  ): Promise<Telling>;
  /** The visit to FranceConnect that was made under this name is ended there with the session. */
  keepFranceConnect(sessionUid: string, from: string): Promise<void>;
  /** Where a logout that went through FranceConnect goes on; null when nothing is known of it. */
  afterFranceConnect(state: string): Promise<string | null>;
  /** Services active for one of these schools that say where a sign-in begins, by name. */
  servicesOfSchools(schoolIds: readonly number[]): Promise<Service[]>;
};

/** What the pages of « Mon compte » need, built once. */
export type AccountDoor = {
  deps: Deps;
  host: AccountHost;
  /** Patterns of the pages that there are (`/compte/enfants/:pupil/signaler`); a link is shown when its page is one. */
  pages: ReadonlySet<string>;
};

/** Whose « Mon compte » is open in this browser. */
export type AccountSession = {
  account: Account;
  sessionUid: string;
  lastSeenAt: Date;
  /** When he last proved who he is; null: not known. */
  provedAt: Date | null;
};

/** Handlers of pages that need nobody, and of those that need somebody. */
type OpenHandler = (door: AccountDoor, ctx: Context) => Promise<void> | void;
export type SessionHandler = (
  door: AccountDoor,
  ctx: Context,
  session: AccountSession,
) => Promise<void> | void;

/**
 * A page of « Mon compte » with what it needs. `session`: somebody who is signed in; `proof`: who has also proved who he
 * is within the last ten minutes. A `post` that lacks it goes to the provider, and comes back to the page above it in
 * the address. `kinds`: for others there is no such page.
 */
export type AccountRoute = { method: 'get' | 'post'; path: string } & (
  | { needs: 'nobody'; handle: OpenHandler }
  | { needs: 'session' | 'proof'; kinds?: readonly AccountKind[]; handle: SessionHandler }
);
