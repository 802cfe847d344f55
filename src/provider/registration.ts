import { newToken } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import {
  addSchool,
  type ClientRow,
  deleteClient,
  findClientRow,
  findSchoolId,
  insertClient,
  removeSchool,
  updateClient,
} from './client-store.ts';
import { SIGNING_ALGORITHMS } from './keys.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'random' | 'sealer' | 'config'>;

export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const;
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

export type NewClient = Settings & {
  name: string;
  redirectUris: string[];
  scope: string;
  sector?: string | undefined;
  /** UAIs, or `all`. */
  schools?: string[] | undefined;
};

export type Refused = { ok: false; faults: string[] };
export type Added = { ok: true; clientId: string; clientSecret: string | null };

/** Registers a service. The secret is shown this once; it is kept sealed, for the library compares it in clear. */
export async function addClient(deps: Needs, input: NewClient): Promise<Added | Refused> {
  const sector = input.sector ?? sectorOf(input.redirectUris[0]);
  const merged = metadataOf({}, input);
  const faults = [...faultsOf(deps, input.name, merged), ...sectorFaults(sector)];
  const schools = await schoolIds(deps, input.schools ?? [], faults);
  if (faults.length > 0) return { ok: false, faults };
  const clientId = newToken(deps.random).slice(0, 22);
  const secret = needsSecret(merged) ? newToken(deps.random) : null;
  const row: ClientRow = {
    clientId,
    name: input.name,
    sector: sector as string,
    metadata: merged,
    secretSealed: secret === null ? null : deps.sealer.seal(secret, `client:${clientId}`),
  };
  const now = deps.clock.now();
  await inTransaction(deps.db, async (trx) => {
    await insertClient(trx, row, now);
    for (const school of schools) await addSchool(trx, clientId, school, now);
  });
  return { ok: true, clientId, clientSecret: secret };
}

/** Changes what is given; the sector stays what it was, or each person's `sub` would change (contract). */
export async function changeClient(
  deps: Needs,
  clientId: string,
  settings: Settings,
): Promise<{ ok: true } | Refused> {
  const row = await findClientRow(deps.db, clientId);
  if (!row) return unknownClient(clientId);
  const name = settings.name ?? row.name;
  const metadata = metadataOf(row.metadata, settings);
  const faults = faultsOf(deps, name, metadata);
  if (needsSecret(metadata) !== needsSecret(row.metadata))
    faults.push('--auth-method: a service with a secret and one without are not the same; add a new client');
  if (faults.length > 0) return { ok: false, faults };
  await updateClient(deps.db, { ...row, name, metadata }, deps.clock.now());
  return { ok: true };
}

/** A new secret; the old one is dead within 30 s. */
export async function rotateSecret(deps: Needs, clientId: string): Promise<Added | Refused> {
  const row = await findClientRow(deps.db, clientId);
  if (!row) return unknownClient(clientId);
  if (row.secretSealed === null) return { ok: false, faults: [`${clientId} has no secret`] };
  const secret = newToken(deps.random);
  const secretSealed = deps.sealer.seal(secret, `client:${clientId}`);
  await updateClient(deps.db, { ...row, secretSealed }, deps.clock.now());
  return { ok: true, clientId, clientSecret: secret };
}

/** @param school a UAI, or `all` */
export async function setService(
  deps: Needs,
  clientId: string,
  school: string,
  active: boolean,
): Promise<{ ok: true } | Refused> {
  if (!(await findClientRow(deps.db, clientId))) return unknownClient(clientId);
  const faults: string[] = [];
  const [id] = await schoolIds(deps, [school], faults);
  if (id === undefined) return { ok: false, faults };
  if (active) await addSchool(deps.db, clientId, id, deps.clock.now());
  else await removeSchool(deps.db, clientId, id);
  return { ok: true };
}

/** Its sessions, grants and tokens go with it. */
export async function removeClient(deps: Needs, clientId: string): Promise<{ ok: true } | Refused> {
  return (await deleteClient(deps.db, clientId)) ? { ok: true } : unknownClient(clientId);
}

function unknownClient(clientId: string): Refused {
  return { ok: false, faults: [`no client ${clientId}`] };
}

async function schoolIds(
  deps: Needs,
  schools: readonly string[],
  faults: string[],
): Promise<(number | null)[]> {
  const ids: (number | null)[] = [];
  for (const school of schools) {
    const id = school === 'all' ? null : await findSchoolId(deps.db, school);
    if (school !== 'all' && id === null) faults.push(`--school: no school ${school}`);
    else ids.push(id);
  }
  return ids;
}

type Metadata = Record<string, unknown>;

function metadataOf(before: Metadata, settings: Settings): Metadata {
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

function needsSecret(metadata: Metadata): boolean {
  return String(metadata.token_endpoint_auth_method).startsWith('client_secret_');
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function faultsOf({ config }: Needs, name: string, metadata: Metadata): string[] {
  const faults: string[] = [];
  if (name.trim() === '' || name.length > 200) faults.push('--name: 1 to 200 characters');
  const address = (flag: string, value: unknown) => {
    const fault = addressFault(config.HTTP_LOOPBACK_CLIENTS, value);
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
  if (url.protocol !== 'http:' || !LOOPBACK.test(url.hostname)) return 'must be https';
  return loopback ? undefined : 'must be https: http on this machine is for the demo';
}

function sectorOf(redirectUri: string | undefined): string | null {
  return redirectUri !== undefined && URL.canParse(redirectUri) ? new URL(redirectUri).host : null;
}

function sectorFaults(sector: string | null): string[] {
  if (sector === null) return [];
  const good = URL.canParse(`https://${sector}/`) && new URL(`https://${sector}/`).host === sector;
  return good && sector.length <= 255 ? [] : [`--sector: ${sector} is not a host or host:port in lower case`];
}
