import type Provider from 'oidc-provider';
import { tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import type { Context } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { endOneSession, endSessionsOf, sessionsOf } from './account-sessions.ts';
import { listServicesOfSchools, OWN_CLIENT_ID, type SignInBeginning } from './client-store.ts';
import type { Clients } from './clients.ts';
import { cookieNames, INTERACTION_COOKIE_S } from './configuration.ts';
import { afterFranceConnect, throughFranceConnect } from './franceconnect-logout.ts';
import { findIdToken, keepIdToken, type SealedIdToken } from './franceconnect-store.ts';
import { extendInteraction, readInteraction, saveLogin, saveRefusal } from './interaction-store.ts';
import type { Notice } from './notice-store.ts';
import type { Notices } from './notices.ts';
import { ownAuthorizationPath, PROOF_PARAM, readOwnHint } from './own-client.ts';
import { ACR } from './policy.ts';
import { redeemOwnCode } from './redemption.ts';
import type { LoadedSession } from './rows.ts';
import { isSessionGood } from './session-adapter.ts';
import { deleteSession, lockSession, lockSessionOfUid, readSession, touchSession } from './session-store.ts';
import { after, earlier, libraryTimeOfPast } from './time.ts';
import { deleteGrants } from './token-store.ts';

type HandedLogin = { accountPublicId: string; credentialsVersion: number; amr: string[]; provedAt?: Date };
type Parts = { clients: Clients; provider: () => Provider; notices: Notices };

/**
 * The provider as the mire and « Mon compte » see it (`InteractionHost` of mire/types.ts, `AccountHost` of
 * account/types.ts, which are not imported: doors do not know each other). Whose sign-in it is, is told by the signed
 * cookie that has the sign-in's own path.
 */
export function createHost(deps: Deps, parts: Parts) {
  return {
    details: (ctx: Context) => details(deps, parts, ctx),

    async finish(
      ctx: Context,
      { accountPublicId, credentialsVersion, amr, provedAt }: HandedLogin,
      record: (trx: Transaction) => Promise<void>,
    ): Promise<string> {
      const uid = interactionOf(deps, parts, ctx);
      // `remember: false`: the cookie ends with the browser, the session with its idle time.
      const ts = libraryTimeOfPast(deps.clock, provedAt ?? deps.clock.now());
      // Whoever has proved who he is has chosen an account too (`prompt=select_account`).
      const result = {
        select_account: {},
        login: { accountId: accountPublicId, acr: ACR, amr, ts, remember: false },
      };
      await inTransaction(deps.db, async (trx) => {
        await record(trx);
        const account = { publicId: accountPublicId, credentialsVersion };
        const saved = await saveLogin(trx, tokenHash(uid), account, result, deps.clock.now());
        if (!saved) throw new Fault('EC-400-LOST');
      });
      return `${deps.config.issuer}/auth/${uid}`;
    },

    async abort(ctx: Context, error: 'access_denied'): Promise<string> {
      const uid = interactionOf(deps, parts, ctx);
      const result = { error, error_description: 'user authentication aborted' };
      const saved = await saveRefusal(deps.db, tokenHash(uid), result, deps.clock.now());
      if (!saved) throw new Fault('EC-400-LOST');
      return `${deps.config.issuer}/auth/${uid}`;
    },

    async endSession(ctx: Context): Promise<void> {
      await endSession(deps, parts, ctx);
    },

    async signOut(ctx: Context, sessionUid: string | null, next: string): Promise<string> {
      const idToken = await endSession(deps, parts, ctx, sessionUid ?? undefined);
      return idToken === null ? next : throughFranceConnect(deps, idToken, next);
    },

    sessionsOf: (accountPublicId: string) => sessionsOf(deps, accountPublicId),
    endOneSession: (trx: Transaction, session: { accountPublicId: string; uid: string }) =>
      endOneSession(parts.notices, trx, session),
    endSessionsOf: (trx: Transaction, accountPublicId: string, keep?: Parameters<typeof endSessionsOf>[3]) =>
      endSessionsOf(parts.notices, trx, accountPublicId, keep),

    keepFranceConnect: (sessionUid: string, from: string) =>
      keepIdToken(deps.db, { sessionUid, interactionHash: tokenHash(from) }, deps.clock.now()),

    afterFranceConnect: (state: string) => afterFranceConnect(deps, state),

    async extend(ctx: Context, until: Date): Promise<void> {
      const last = after(deps.clock, INTERACTION_COOKIE_S);
      await extendInteraction(deps.db, tokenHash(interactionOf(deps, parts, ctx)), earlier(until, last));
    },

    servicesOfSchools: (ids: readonly number[]) => listServicesOfSchools(deps.db, ids),

    async service(clientId: string): Promise<SignInBeginning | null> {
      const { name, initiateLoginUri } = (await parts.clients.find(clientId)) ?? {};
      return name === undefined || initiateLoginUri === undefined
        ? null
        : { clientId, name, initiateLoginUri };
    },

    ownAuthorizationPath: (request: Parameters<typeof ownAuthorizationPath>[1]) =>
      ownAuthorizationPath(deps, request),
    redeem: (proof: Parameters<typeof redeemOwnCode>[1]) => redeemOwnCode(deps, proof),

    async touch(sessionUid: string): Promise<void> {
      const idleAt = after(deps.clock, deps.config.SESSION_IDLE_MINUTES * 60);
      await touchSession(deps.db, sessionUid, deps.clock.now(), idleAt);
    },
  };
}

export type Host = ReturnType<typeof createHost>;

async function details(deps: Deps, parts: Parts, ctx: Context) {
  const uid = cookie(deps, parts, ctx, 'interaction');
  if (uid === undefined || ctx.path.split('/')[2] !== uid) return null;
  const sessionId = cookie(deps, parts, ctx, 'session');
  const sessionHash = sessionId === undefined ? null : tokenHash(sessionId);
  const read = await readInteraction(deps.db, tokenHash(uid), sessionHash);
  const now = deps.clock.now();
  if (!read || read.interaction.expiresAt <= now) return null;
  const { interaction, present } = read;
  const client = await parts.clients.find(interaction.clientId);
  if (!client) return null;
  const { prompt, params } = interaction.payload as {
    prompt: { name: string; reasons: string[] };
    params: Record<string, string | undefined>;
  };
  const open = present && isSessionGood(present, present.person, now);
  return {
    uid,
    prompt: prompt.name,
    reasons: prompt.reasons,
    clientId: client.clientId,
    clientName: client.name,
    loginHint: params.login_hint,
    ...(client.clientId === OWN_CLIENT_ID && {
      forAccount: true,
      proofOf: params[PROOF_PARAM] === undefined ? undefined : params.login_hint,
      ...readOwnHint(params.login_hint),
    }),
    uiLocales: params.ui_locales,
    session: open ? { accountId: present.accountId } : undefined,
    initiateLoginUri: client.initiateLoginUri,
    expiresAt: interaction.expiresAt,
  };
}

/**
 * Change of person, or sign-out in « Mon compte »: the session ends as by a logout of a service; a sign-in under way
 * goes on without it.
 * @param sessionUid default: the session of the browser's cookie
 * @returns what ends it at FranceConnect, if it came from there
 */
async function endSession(
  deps: Deps,
  parts: Parts,
  ctx: Context,
  sessionUid?: string,
): Promise<SealedIdToken | null> {
  const id = cookie(deps, parts, ctx, 'session');
  if (sessionUid === undefined && id === undefined) return null;
  const ended = await inTransaction(deps.db, async (trx) => {
    const read = await readToEnd(trx, sessionUid ?? null, id ?? '');
    if (!read) return null;
    const { uid, clients } = read.session;
    await deleteGrants(
      trx,
      [...clients.values()].flatMap(({ grantId }) => (grantId === null ? [] : [grantId])),
    );
    const idToken = deps.franceConnect && (await findIdToken(trx, uid));
    await deleteSession(trx, uid);
    return { untold: await parts.notices.queue(trx, noticesOf(read.session)), idToken };
  });
  const attributes = {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: deps.config.secure,
    signed: true,
  } as const;
  cookies(deps, parts, ctx).set(cookieNames(deps).session, null, attributes);
  if (ended) await parts.notices.send(ended.untold);
  return ended?.idToken ?? null;
}

/** Locked; by its uid when it is known, otherwise by the cookie. */
async function readToEnd(trx: Transaction, uid: string | null, id: string) {
  if (uid !== null) return (await lockSessionOfUid(trx, uid)) ? readSession(trx, { uid }) : null;
  const found = await lockSession(trx, tokenHash(id));
  return found === null ? null : readSession(trx, { uid: found });
}

/** Those that want no notice are found out when it is sent, and nothing is locked any more. */
function noticesOf({ accountId, clients }: LoadedSession): Notice[] {
  return [...clients].map(([clientId, { sid }]) => ({ clientId, accountId, sid }));
}

function interactionOf(deps: Deps, parts: Parts, ctx: Context): string {
  const uid = cookie(deps, parts, ctx, 'interaction');
  if (uid === undefined) throw new Fault('EC-400-LOST');
  return uid;
}

function cookie(deps: Deps, parts: Parts, ctx: Context, name: 'interaction' | 'session'): string | undefined {
  return cookies(deps, parts, ctx).get(cookieNames(deps)[name], { signed: true });
}

/** With the provider's keys: the application that it is mounted in may have others (stack.md 5). */
function cookies(deps: Deps, { provider }: Parts, ctx: Context) {
  const jar = provider().createContext(ctx.req, ctx.res).cookies;
  jar.secure = deps.config.secure;
  return jar;
}
