import type { Grant, KoaContextWithOIDC } from 'oidc-provider';
import { tellService } from './notices.ts';
import { currentUnit } from './unit-of-work.ts';

export const OFFLINE_S = 30 * 24 * 3600;
/** Longer than any session, so that a grant never ends under one. */
export const GRANT_S = 24 * 3600;
const RENEW_S = 24 * 3600;

/**
 * What the person lets this service know: all that the service is granted and asks for, without a consent page.
 * One grant for each service of a session; written only when it is new, grows, or has to last longer.
 */
export async function loadGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { session, client, account, provider } = ctx.oidc;
  if (!session || !client || !account || willAskForLogin(ctx)) return undefined;
  await leaveOtherPerson(ctx);
  const id = session.grantIdFor(client.clientId);
  const found = id === undefined ? undefined : await provider.Grant.find(id);
  const grant =
    found?.accountId === account.accountId
      ? found
      : new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  const wanted = [...ctx.oidc.requestParamOIDCScopes];
  const has = new Set(grant.getOIDCScope().split(' '));
  const grows = wanted.some((scope) => !has.has(scope));
  const now = Math.floor(Date.now() / 1000);
  const short = wanted.includes('offline_access') && (grant.exp ?? 0) < now + OFFLINE_S - RENEW_S;
  if (found === grant && !grows && !short) return grant;
  grant.addOIDCScope(wanted.join(' '));
  grant.exp = now + (grant.getOIDCScope().split(' ').includes('offline_access') ? OFFLINE_S : GRANT_S);
  await grant.save();
  return grant;
}

/** Nothing is granted for a request that ends at the login page. */
function willAskForLogin(ctx: KoaContextWithOIDC): boolean {
  const { session, params, prompts, route } = ctx.oidc;
  if (route !== 'authorization') return false;
  const maxAge = params?.max_age;
  return (
    prompts.has('login') ||
    prompts.has('select_account') ||
    (maxAge !== undefined && session?.past(Number(maxAge)) === true)
  );
}

/**
 * A session that was idle is taken over with its services by the same person only; another's are told that it is
 * over. What he let a service keep for thirty days outlives it, as it outlives any session.
 */
async function leaveOtherPerson(ctx: KoaContextWithOIDC): Promise<void> {
  const { session, provider } = ctx.oidc;
  const before = session && currentUnit()?.sessions.get(session.uid);
  if (!session || !before || before.accountId === session.accountId || before.clients.size === 0) return;
  for (const [clientId, { sid }] of before.clients) {
    if (session.authorizations?.[clientId]?.sid !== sid) continue;
    const client = await provider.Client.find(clientId);
    if (client) await tellService(client, before.accountId, sid);
  }
  session.authorizations = {};
}
