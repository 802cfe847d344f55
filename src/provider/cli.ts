import { parseArgs } from 'node:util';
import type { Deps } from '../deps.ts';
import type { Settings } from './client-settings.ts';
import { listActiveUais, listClientRows } from './client-store.ts';
import { listSigningKeys, rotateSigningKeys } from './keys.ts';
import {
  type Added,
  addClient,
  changeClient,
  endOldSecret,
  type Refused,
  type Rotated,
  removeClient,
  rotateSecret,
  setService,
} from './registration.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'random' | 'sealer' | 'config'>;
type Io = { out(line: string): void; err(line: string): void };
type Flags = { [name: string]: string | boolean | (string | boolean)[] | undefined };

/** Exit codes of contract.md. */
const [DONE, REFUSED, WRONG_USAGE] = [0, 1, 2];

const CLIENT_USAGE = `usage: educonnect client <verb>
  add --name <text> --redirect-uri <uri>... --scope "a b" [--post-logout-redirect-uri <uri>...]
      [--backchannel-logout-uri <uri>] [--initiate-login-uri <uri>] [--auth-method <m>] [--alg <alg>]
      [--jwks-uri <uri>] [--sector <host[:port]>] [--school <UAI|all>...] [--public] [--json]
  list [--json]
  update <client_id> [the options of add, but --sector, --school and --public; an empty value takes it away]
  rotate-secret <client_id> [--keep-old <days>] [--json]
      a new secret; the old one is good for 7 days more, or so many (0: dead at once)
  rotate-secret <client_id> --end-old [--json]
      the service has changed over: the old one is dead at once
  service <client_id> --school <UAI|all>... [--off]
  remove <client_id>`;

const SETTINGS = {
  name: { type: 'string' },
  'redirect-uri': { type: 'string', multiple: true },
  'post-logout-redirect-uri': { type: 'string', multiple: true },
  'backchannel-logout-uri': { type: 'string' },
  'initiate-login-uri': { type: 'string' },
  scope: { type: 'string' },
  'auth-method': { type: 'string' },
  alg: { type: 'string' },
  'jwks-uri': { type: 'string' },
} as const;
const JSON_FLAG = { json: { type: 'boolean' } } as const;
const SCHOOL_FLAG = { school: { type: 'string', multiple: true } } as const;

type Options = NonNullable<Parameters<typeof parseArgs>[0]>['options'];

/** `ids`: how many words stand beside the options. */
const VERBS: Record<string, { options: NonNullable<Options>; ids: 0 | 1 }> = {
  add: {
    options: {
      ...SETTINGS,
      ...JSON_FLAG,
      ...SCHOOL_FLAG,
      sector: { type: 'string' },
      public: { type: 'boolean' },
    },
    ids: 0,
  },
  list: { options: JSON_FLAG, ids: 0 },
  update: { options: { ...SETTINGS, ...JSON_FLAG }, ids: 1 },
  'rotate-secret': {
    options: { ...JSON_FLAG, 'keep-old': { type: 'string' }, 'end-old': { type: 'boolean' } },
    ids: 1,
  },
  service: { options: { ...SCHOOL_FLAG, ...JSON_FLAG, off: { type: 'boolean' } }, ids: 1 },
  remove: { options: JSON_FLAG, ids: 1 },
};

/** `educonnect client add|list|update|rotate-secret|service|remove` (contract.md). @returns the exit code */
export async function clientCommand(deps: Needs, argv: string[], io: Io): Promise<number> {
  const read = readArguments(argv);
  if (typeof read === 'string') {
    io.err(`${read}\n${CLIENT_USAGE}`);
    return WRONG_USAGE;
  }
  const { verb, id, flags } = read;
  switch (verb) {
    case 'add':
      return add(deps, flags, io);
    case 'list':
      return list(deps, flags, io);
    case 'update':
      return answer(io, flags, await changeClient(deps, id, settingsOf(flags)));
    case 'rotate-secret':
      return rotateOf(deps, id, flags, io);
    case 'remove':
      return answer(io, flags, await removeClient(deps, id));
    default:
      return service(deps, id, flags, io);
  }
}

/** @returns what is wrong with the command line, as a sentence */
function readArguments(argv: string[]): { verb: string; id: string; flags: Flags } | string {
  const [verb = '', ...rest] = argv;
  const known = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!known) return verb === '' ? 'say which verb' : `${verb} is no verb`;
  try {
    const { options } = known;
    const { values, positionals } = parseArgs({ args: withIdLast(rest), options, allowPositionals: true });
    if (positionals.length !== known.ids)
      return known.ids === 1 ? `${verb} takes one client_id` : `${verb} takes options only`;
    return { verb, id: positionals[0] ?? '', flags: values };
  } catch (error) {
    return (error as Error).message;
  }
}

/** One client_id in 64 begins with a hyphen and would be read as an option. */
function withIdLast(words: readonly string[]): string[] {
  const odd = words.filter((word) => /^-[\w-]{21}$/.test(word));
  return odd.length === 0 ? [...words] : [...words.filter((word) => !odd.includes(word)), '--', ...odd];
}

function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

function texts(flags: Flags, name: string): string[] | undefined {
  const value = flags[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

function settingsOf(flags: Flags): Settings {
  return {
    name: text(flags, 'name'),
    redirectUris: texts(flags, 'redirect-uri'),
    postLogoutRedirectUris: texts(flags, 'post-logout-redirect-uri')?.filter((uri) => uri !== ''),
    backchannelLogoutUri: text(flags, 'backchannel-logout-uri'),
    initiateLoginUri: text(flags, 'initiate-login-uri'),
    scope: text(flags, 'scope'),
    authMethod: text(flags, 'auth-method'),
    alg: text(flags, 'alg'),
    jwksUri: text(flags, 'jwks-uri'),
  };
}

async function add(deps: Needs, flags: Flags, io: Io): Promise<number> {
  const settings = settingsOf(flags);
  const { name, redirectUris, scope } = settings;
  if (name === undefined || redirectUris === undefined || scope === undefined) {
    io.err(`add needs --name, --redirect-uri and --scope\n${CLIENT_USAGE}`);
    return WRONG_USAGE;
  }
  const authMethod = flags.public === true ? 'none' : settings.authMethod;
  const more = { authMethod, sector: text(flags, 'sector'), schools: texts(flags, 'school') };
  return answer(io, flags, await addClient(deps, { ...settings, name, redirectUris, scope, ...more }));
}

async function rotateOf(deps: Needs, id: string, flags: Flags, io: Io): Promise<number> {
  const keep = text(flags, 'keep-old');
  if (flags['end-old'] === true) {
    if (keep === undefined) return answer(io, flags, await endOldSecret(deps, id));
    io.err(`--end-old or --keep-old, not both\n${CLIENT_USAGE}`);
    return WRONG_USAGE;
  }
  const days = keep === undefined ? undefined : /^\d+$/.test(keep) ? Number(keep) : Number.NaN;
  return answer(io, flags, await rotateSecret(deps, id, days));
}

async function service(deps: Needs, id: string, flags: Flags, io: Io): Promise<number> {
  const schools = texts(flags, 'school') ?? [];
  if (schools.length === 0) {
    io.err(`service needs --school\n${CLIENT_USAGE}`);
    return WRONG_USAGE;
  }
  for (const school of schools) {
    const result = await setService(deps, id, school, flags.off !== true);
    if (!result.ok) return answer(io, flags, result);
  }
  return answer(io, flags, { ok: true });
}

function answer(io: Io, flags: Flags, result: Added | Rotated | { ok: true } | Refused): number {
  if (!result.ok) {
    for (const fault of result.faults) io.err(fault);
    return REFUSED;
  }
  if ('clientId' in result) {
    const { clientId: client_id, clientSecret } = result;
    const until = 'oldSecretUntil' in result ? { old_secret_until: result.oldSecretUntil } : {};
    const shown = { client_id, ...(clientSecret !== null && { client_secret: clientSecret }), ...until };
    io.out(flags.json === true ? JSON.stringify(shown) : JSON.stringify(shown, null, 2));
  } else io.out(flags.json === true ? '{"ok":true}' : 'done; in effect within 30 seconds');
  return DONE;
}

async function list(deps: Needs, flags: Flags, io: Io): Promise<number> {
  const active = await listActiveUais(deps.db);
  const now = deps.clock.now();
  const clients = (await listClientRows(deps.db)).map(({ clientId, name, sector, metadata, ...row }) => ({
    client_id: clientId,
    name,
    sector,
    scope: metadata.scope,
    redirect_uris: metadata.redirect_uris,
    post_logout_redirect_uris: metadata.post_logout_redirect_uris,
    backchannel_logout_uri: metadata.backchannel_logout_uri,
    initiate_login_uri: metadata.initiate_login_uri,
    auth_method: metadata.token_endpoint_auth_method,
    alg: metadata.id_token_signed_response_alg,
    jwks_uri: metadata.jwks_uri,
    secret_at: row.secretAt,
    old_secret_until: row.oldSecret && row.oldSecret.until > now ? row.oldSecret.until : null,
    schools: active.get(clientId) ?? [],
  }));
  if (flags.json === true) io.out(JSON.stringify(clients));
  else
    for (const { client_id, name, sector, scope, schools, old_secret_until: until } of clients) {
      const old = until === null ? '' : `  (old secret good until ${until.toISOString()})`;
      io.out(`${client_id}  ${name}  ${sector}  ${scope}  ${schools.join(',') || '(active nowhere)'}${old}`);
    }
  return DONE;
}

const KEYS_USAGE = `usage: educonnect keys rotate [--leaked] [--json]
       educonnect keys list [--json]
       educonnect keys reseal [--json]`;

/** `educonnect keys rotate|list`: no service refuses a token over it (contract). @returns the exit code */
export async function keysCommand(deps: Needs, argv: string[], io: Io): Promise<number> {
  const [verb, ...flags] = argv;
  const known = verb === 'rotate' ? ['--json', '--leaked'] : verb === 'list' ? ['--json'] : [];
  if (known.length === 0 || flags.some((flag) => !known.includes(flag))) {
    io.err(KEYS_USAGE);
    return WRONG_USAGE;
  }
  const json = flags.includes('--json');
  return verb === 'list' ? listKeys(deps, json, io) : rotate(deps, flags.includes('--leaked'), json, io);
}

async function rotate(deps: Needs, leaked: boolean, json: boolean, io: Io): Promise<number> {
  const made = await rotateSigningKeys(deps, { leaked });
  const lines = made.map(({ alg, kid, signsFrom }) => `${alg} ${kid} signs from ${signsFrom.toISOString()}`);
  io.out(json ? JSON.stringify(made) : lines.join('\n') || 'the next keys are published already');
  if (leaked)
    io.err('all older keys are withdrawn: services refuse sign-ins until they fetch the key set again');
  return DONE;
}

async function listKeys(deps: Needs, json: boolean, io: Io): Promise<number> {
  const keys = await listSigningKeys(deps);
  const lines = keys.map(({ alg, kid, state, signsFrom, withdrawnAt }) => {
    const until = withdrawnAt === null ? '' : `  published until ${withdrawnAt.toISOString()}`;
    return `${alg}  ${kid}  ${state}  signs from ${signsFrom.toISOString()}${until}`;
  });
  io.out(json ? JSON.stringify(keys) : lines.join('\n'));
  return DONE;
}
