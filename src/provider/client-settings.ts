import type { Deps } from '../deps.ts';
import { isLoopback, isPrivate } from './fetch-guard.ts';
import { SIGNING_ALGORITHMS } from './keys.ts';

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const;
export const SCOPES = [
  'openid',
  'profile',
  'email',
  'educonnect',
  'educonnect_ref',
  'educonnect_eleves',
  'educonnect_ine',
  'offline_access',
] as const;

/** What a relying service may set; what is left out is not changed by an update. */
export type Settings = {
  name?: string | undefined;
  redirectUris?: string[] | undefined;
  postLogoutRedirectUris?: string[] | undefined;
  backchannelLogoutUri?: string | undefined;
  initiateLoginUri?: string | undefined;
  scope?: string | undefined;
  authMethod?: string | undefined;
  alg?: string | undefined;
  jwksUri?: string | undefined;
};

/** The library's metadata of a client, without its id and its secret. */
export type Metadata = Record<string, unknown>;

/** What is given laid over what was; the rest follows from it or is the same for all (contract). */
export function metadataOf(before: Metadata, settings: Settings): Metadata {
  const scope = settings.scope?.split(/\s+/).filter((word) => word !== '');
  const changes: Metadata = {
    redirect_uris: settings.redirectUris,
    post_logout_redirect_uris: settings.postLogoutRedirectUris,
    backchannel_logout_uri: settings.backchannelLogoutUri,
    initiate_login_uri: settings.initiateLoginUri,
    scope: scope && [...new Set(['openid', ...scope])].join(' '),
    token_endpoint_auth_method: settings.authMethod,
    id_token_signed_response_alg: settings.alg,
    jwks_uri: settings.jwksUri,
  };
  const given = Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined && value !== ''),
  );
  const merged: Metadata = {
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'RS256',
    post_logout_redirect_uris: [],
    ...before,
    ...given,
  };
  // An empty value takes an address away.
  for (const [name, value] of Object.entries(changes)) if (value === '') delete merged[name];
  const offline = String(merged.scope ?? '')
    .split(' ')
    .includes('offline_access');
  return {
    ...merged,
    subject_type: 'pairwise',
    application_type: 'web',
    response_types: ['code'],
    // `fragment` is what the library answers an unsupported response_type with; middleware.ts refuses to be asked for it.
    response_modes: ['query', 'fragment'],
    grant_types: offline ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
    backchannel_logout_session_required: merged.backchannel_logout_uri !== undefined,
  };
}

export function needsSecret(metadata: Metadata): boolean {
  return String(metadata.token_endpoint_auth_method).startsWith('client_secret_');
}

/** Every fault at once, each beginning with the option that it is about; empty when all is well. */
export function faultsOf({ config }: Pick<Deps, 'config'>, name: string, metadata: Metadata): string[] {
  const faults: string[] = [];
  if (name.trim() === '' || name.length > 200) faults.push('--name: 1 to 200 characters');
  const address = (flag: string, value: unknown) => {
    const fault =
      addressFault(config.HTTP_LOOPBACK_CLIENTS, value) ??
      (NOT_PRIVATE.includes(flag) ? privateFault(config, String(value)) : undefined);
    if (fault !== undefined) faults.push(`${flag}: ${String(value)} ${fault}`);
  };
  const redirects = (metadata.redirect_uris as string[] | undefined) ?? [];
  if (redirects.length === 0) faults.push('--redirect-uri: give at least one');
  for (const uri of redirects) address('--redirect-uri', uri);
  for (const uri of metadata.post_logout_redirect_uris as string[])
    address('--post-logout-redirect-uri', uri);
  for (const [flag, key] of [
    ['--backchannel-logout-uri', 'backchannel_logout_uri'],
    ['--initiate-login-uri', 'initiate_login_uri'],
    ['--jwks-uri', 'jwks_uri'],
  ] as const) {
    if (metadata[key] !== undefined) address(flag, metadata[key]);
  }
  const scopes = String(metadata.scope ?? '').split(' ');
  for (const scope of scopes) {
    if (!(SCOPES as readonly string[]).includes(scope))
      faults.push(`--scope: ${scope || '(empty)'} is unknown`);
  }
  const method = metadata.token_endpoint_auth_method;
  if (!(AUTH_METHODS as readonly unknown[]).includes(method))
    faults.push(`--auth-method: one of ${AUTH_METHODS.join(', ')}`);
  if (!(SIGNING_ALGORITHMS as readonly unknown[]).includes(metadata.id_token_signed_response_alg))
    faults.push(`--alg: one of ${SIGNING_ALGORITHMS.join(', ')}`);
  if (method === 'private_key_jwt' && metadata.jwks_uri === undefined)
    faults.push('--jwks-uri: private_key_jwt needs it');
  return faults;
}

/** https, or http on this machine where the configuration says so; nothing that hides where it leads (A10). */
function addressFault(loopback: boolean, value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return 'is not an address';
  const url = new URL(value);
  if (url.username !== '' || url.password !== '') return 'must not contain a user';
  if (value.includes('#')) return 'must not contain a fragment';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:' || !isLoopback(url.hostname)) return 'must be https';
  return loopback ? undefined : 'must be https: http on this machine is for the demo';
}

/** Those that we call ourselves, and the one to which whoever signs out anywhere is sent. */
const NOT_PRIVATE = ['--post-logout-redirect-uri', '--backchannel-logout-uri', '--jwks-uri'];

function privateFault(config: Deps['config'], value: string): string | undefined {
  const { hostname, origin } = new URL(value);
  const trusted =
    config.TRUSTED_CLIENT_ORIGINS.some((listed) => new URL(listed).origin === origin) ||
    (config.HTTP_LOOPBACK_CLIENTS && isLoopback(hostname));
  return isPrivate(hostname) && !trusted
    ? 'is on a private network: name its origin in TRUSTED_CLIENT_ORIGINS first'
    : undefined;
}

/** The host of the first redirect address (OpenID Connect Core 8.1); null when it is not an address. */
export function sectorOf(redirectUri: string | undefined): string | null {
  return redirectUri !== undefined && URL.canParse(redirectUri) ? new URL(redirectUri).host : null;
}

export function sectorFaults(sector: string | null): string[] {
  if (sector === null) return [];
  const good = URL.canParse(`https://${sector}/`) && new URL(`https://${sector}/`).host === sector;
  return good && sector.length <= 255 ? [] : [`--sector: ${sector} is not a host or host:port in lower case`];
}
