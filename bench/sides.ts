/** The database with people in it, and both servers on it. */
import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { buildDeps, closeDeps } from '../src/build-deps.ts';
import { loadConfig } from '../src/config.ts';
import { addClient } from '../src/provider/registration.ts';
import { type BenchDatabase, startDatabase } from './database.ts';
import {
  CALLBACK,
  type Client,
  loginBare,
  loginOurs,
  newBrowser,
  PASSWORD,
  SCOPES,
  type Side,
  visit,
} from './operations.ts';
import { fillPeople } from './people.ts';
import { buildProgram, type Program } from './program.ts';
import { environment, type RunningServer, startBare, startOurs } from './servers.ts';

export type Arena = {
  database: BenchDatabase;
  ours: Side;
  bare: Side;
  pids: Record<Side['name'], number>;
  /** Accounts 1 to this number can log in. */
  accounts: number;
  close(): Promise<void>;
};

export type ArenaSettings = {
  folder: string;
  /** On loopback, of ours and of the bare library. */
  ports: [ours: number, bare: number];
  /** Of its own in `folder` unless given; closed with the arena either way. */
  database?: BenchDatabase;
  accounts: number;
  /** Whether the bare library renews refresh tokens at each use, as ours does; its default does not. */
  rotate: boolean;
  /** For Node, such as `--cpu-prof`. */
  flags?: readonly string[];
  /** Lighter hashes, for a smoke test only. */
  env?: Record<string, string>;
};

const BASE_SCOPES = SCOPES.full;

/** Ours alone, with its database and its people; what the other side needs is told too. */
export type Ours = {
  database: BenchDatabase;
  side: Side;
  pid: number;
  program: Program;
  /** What our commands need to work on the same database. */
  env: Record<string, string>;
  close(): Promise<void>;
};

export async function openOurs(
  settings: Omit<ArenaSettings, 'ports' | 'rotate'> & { port: number },
): Promise<Ours> {
  const { folder, port, accounts, flags = [] } = settings;
  const program = await buildProgram();
  const database = settings.database ?? (await startDatabase(folder, 'educonnect_bench'));
  let server: RunningServer | undefined;
  const close = async () => {
    await server?.stop();
    await database.close();
    program.forget();
  };
  try {
    const env = { ...environment(database.url, port), ...settings.env };
    const clients = await prepare(database, env, accounts);
    server = await startOurs(env, { program, folder, flags });
    const side: Side = {
      name: 'ours',
      origin: `http://127.0.0.1:${port}`,
      paths: { authorization: '/oidc/auth', token: '/oidc/token', userinfo: '/oidc/userinfo' },
      clients,
      login: loginOurs,
    };
    return { database, side, pid: server.pid, program, env, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function openArena(settings: ArenaSettings): Promise<Arena> {
  const { folder, ports, accounts, rotate, flags = [] } = settings;
  const ours = await openOurs({ ...settings, port: ports[0] });
  const { database, program } = ours;
  const { clients } = ours.side;
  try {
    const bareRunning = await startBare(
      {
        port: ports[1],
        databaseUrl: database.url,
        clients: [bareClient(clients.plain, []), bareClient(clients.offline, ['refresh_token'])],
        rotate,
        pageBytes: await loginPageBytes(ours.side),
      },
      { program, folder, flags },
    );
    const bare: Side = {
      name: 'bare',
      origin: `http://127.0.0.1:${ports[1]}`,
      paths: { authorization: '/auth', token: '/token', userinfo: '/me' },
      clients,
      login: loginBare,
    };
    const close = async () => {
      await bareRunning.stop();
      await ours.close();
    };
    return {
      database,
      ours: ours.side,
      bare,
      pids: { ours: ours.pid, bare: bareRunning.pid },
      accounts,
      close,
    };
  } catch (error) {
    await ours.close();
    throw error;
  }
}

async function prepare(
  { sql }: BenchDatabase,
  env: Record<string, string>,
  accounts: number,
): Promise<{ plain: Client; offline: Client }> {
  const config = loadConfig(env);
  const passwordHash = await argon2.hash(PASSWORD, {
    type: argon2.argon2id,
    memoryCost: config.ARGON2_MEMORY_KIB,
    timeCost: config.ARGON2_PASSES,
    parallelism: 1,
  });
  await fillPeople(sql, { accounts, accountsPerSchool: 300, passwordHash, activated: 100 });
  const deps = buildDeps(config);
  try {
    const register = async (name: string, scope: string): Promise<Client> => {
      const added = await addClient(deps, { name, redirectUris: [CALLBACK], scope, schools: ['all'] });
      if (!added.ok) throw new Error(added.faults.join('; '));
      return { id: added.clientId, secret: added.clientSecret ?? '' };
    };
    const plain = await register('Banc', BASE_SCOPES);
    return { plain, offline: await register('Banc hors ligne', `${BASE_SCOPES} offline_access`) };
  } finally {
    await closeDeps(deps);
  }
}

function bareClient({ id, secret }: Client, more: string[]) {
  return {
    client_id: id,
    client_secret: secret,
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', ...more],
  };
}

async function loginPageBytes(ours: Side): Promise<number> {
  const browser = newBrowser(ours, 1);
  const query = new URLSearchParams({
    client_id: ours.clients.plain.id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
  });
  const { headers } = await visit(browser, `${ours.paths.authorization}?${query}`);
  const { pathname } = new URL(headers.location ?? '', 'http://localhost');
  return Buffer.byteLength((await visit(browser, `${pathname}/connexion?profil=responsable`)).text);
}
