import type { Transaction } from '../deps.ts';
import type { Context } from '../http/context.ts';

/** A sign-in that a relying service has begun and that waits for the visitor. */
export type Interaction = {
  uid: string;
  /** What the provider asks for: `login`, or `select_account` of somebody who is signed in. */
  prompt: string;
  /** Why, in the provider's words: `no_session`, `login_prompt`, `max_age`, ... */
  reasons: string[];
  clientId: string;
  clientName: string;
  /** True when the sign-in is to « Mon compte » of EduConnect itself. */
  forAccount?: boolean | undefined;
  /** Identifier of the person who is to prove again who he is, before a page of « Mon compte »; nobody else may. */
  proofOf?: string | undefined;
  loginHint?: string | undefined;
  /** The QR code of a pupil's letter has chosen it. */
  profile?: 'pupil' | undefined;
  /** `ui_locales`: the languages that the service would like, by preference. */
  uiLocales?: string | undefined;
  /** Who is signed in already, when the service wants to be sure that it is still he. */
  session?: { accountId: string } | undefined;
  initiateLoginUri?: string | undefined;
  expiresAt: Date;
};

/** A relying service that says where a sign-in to it begins. */
export type Service = { clientId: string; name: string; initiateLoginUri: string };

/** The narrow side of the provider that the mire sees; the provider implements it, `createApp` hands it over. */
export type InteractionHost = {
  /** Null when the interaction is unknown, over, or another browser's. */
  details(ctx: Context): Promise<Interaction | null>;
  /**
   * `credentialsVersion`: of the account when the credentials were looked at; a later one makes the proof void.
   * `provedAt`: when the credentials were given, if not just now (`auth_time`).
   * Hands the login over in one transaction: `record` writes in it what the login leaves, or throws and undoes it.
   * @returns the address to redirect to with 303
   */
  finish(
    ctx: Context,
    result: { accountPublicId: string; credentialsVersion: number; amr: string[]; provedAt?: Date },
    record: (trx: Transaction) => Promise<void>,
  ): Promise<string>;
  /** Tells the service that the person gave up. @returns the address to redirect to with 303 */
  abort(ctx: Context, error: 'access_denied'): Promise<string>;
  /** Ends the present session and tells all its services; the interaction lives on, without a person. */
  endSession(ctx: Context): Promise<void>;
  /** Keeps the interaction alive, and its cookies, at least until then: a mail takes its time. */
  extend(ctx: Context, until: Date): Promise<void>;
  /** A service; null when it does not say where a sign-in begins, or is unknown. */
  service(clientId: string): Promise<Service | null>;
};
