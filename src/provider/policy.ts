import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';

const { base, Check, Prompt } = interactionPolicy;

/** The only level of assurance that we have (contract). */
export const ACR = 'eidas1';

/**
 * When a visitor has to be asked. Services are known to the ministry and persons are not asked for consent:
 * `prompt=consent` is accepted, and answered without a page.
 */
export function createPolicy() {
  const policy = base();
  const gone = 'the person of this session may no longer be presented';
  policy.get('login')?.checks.add(
    new Check('person_gone', gone, (ctx) => {
      const { session, account } = ctx.oidc;
      return session?.accountId !== undefined && account === undefined;
    }),
    0,
  );
  // A page of the mire asks who it is wherever somebody is signed in; to choose an account is to sign in.
  policy.add(new Prompt({ name: 'select_account', requestable: true }));
  policy.remove('consent');
  const consent = new Prompt({ name: 'consent', requestable: true });
  consent.checks.clear();
  policy.add(consent);
  return policy;
}

/** An essential `acr` that we cannot give is refused at once, before anybody types a password (contract). */
export function refuseUnknownAcr(claims: unknown): void {
  const { userinfo, id_token: idToken } = claims as Record<string, Record<string, unknown> | undefined>;
  for (const [name, members] of Object.entries({ userinfo, id_token: idToken })) {
    for (const value of Object.values(members ?? {})) {
      if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
        throw new errors.InvalidRequest(`claims.${name} members must be null or objects`);
    }
  }
  refuseEssential('id_token', idToken?.acr);
  refuseEssential('userinfo', userinfo?.acr);
}

function refuseEssential(place: string, asked: unknown): void {
  const acr = asked as { essential?: unknown; value?: unknown; values?: unknown } | null | undefined;
  if (acr?.essential !== true) return;
  const values = acr.values === undefined ? [] : acr.values;
  if (!Array.isArray(values)) throw new errors.InvalidRequest(`claims.${place}.acr.values must be an array`);
  const wanted = acr.value === undefined ? values : [acr.value, ...values];
  if (wanted.length > 0 && !wanted.includes(ACR))
    throw new errors.UnmetAuthenticationRequirements('none of the requested acr values can be given');
}

/**
 * The library drops `offline_access` unless `prompt=consent` comes with it (OpenID Connect Core 11); our services
 * that are granted it always receive their refresh token (contract), so what was asked for is put back.
 */
export function restoreOfflineAccess(ctx: KoaContextWithOIDC): void {
  const { params, client } = ctx.oidc;
  if (!params || !client) return;
  // Pushed requests do not pass the check of the address (A11): the code leaves in the query or not at all.
  if (params.response_mode !== undefined && params.response_mode !== 'query')
    throw new errors.InvalidRequest('response_mode must be query');
  const scopes = new Set(String(params.scope ?? '').split(' '));
  const granted = new Set((client.scope ?? '').split(' '));
  if (scopes.has('offline_access') || !granted.has('offline_access')) return;
  if (!askedScopes(ctx).includes('offline_access')) return;
  params.scope = [...scopes, 'offline_access'].filter((scope) => scope !== '').join(' ');
}

function askedScopes(ctx: KoaContextWithOIDC): string[] {
  const pushed = ctx.oidc.entities.PushedAuthorizationRequest?.request;
  const scope =
    pushed !== undefined
      ? JSON.parse(Buffer.from(pushed.split('.')[1] ?? '', 'base64url').toString('utf8')).scope
      : (ctx.oidc.body?.scope ?? ctx.query.scope);
  return typeof scope === 'string' ? scope.split(' ') : [];
}
