import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { rotateSigningKeys } from '../../src/provider/keys.ts';
import { addClient } from '../../src/provider/registration.ts';
import { seedActivated } from '../support/activated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { type Program, runProgram } from '../support/program.ts';
import { CHOSEN } from '../support/sign-in.ts';
import { createVisitor, type Visitor } from '../support/visitor.ts';
import { authenticated, type Kit, lead, request, type Service, type Tokens } from './kit.ts';

/** L01, M01 and B08 on two server processes with one database, as behind a load balancer. */
jest.setTimeout(120_000);

const BASE_URL = 'http://localhost:3940';
const ENVIRONMENT = {
  NODE_ENV: 'test',
  BASE_URL,
  ALLOW_INSECURE_ISSUER: '1',
  HTTP_LOOPBACK_CLIENTS: '1',
  COOKIE_KEYS: 'cookie-key-of-the-test-suite-1',
  SEALING_KEYS: 'sealing-key-of-the-test-suite-1',
  SUBJECT_SALT: 'subject-salt-of-the-test-suite',
  SMTP_URL: 'smtp://127.0.0.1:1',
  ARGON2_MEMORY_KIB: '1024',
  LOG_LEVEL: 'trace',
};

let database: TestDatabase;
let deps: TestDeps;
let processes: { program: Program; base: string }[];
let service: Service;
let aheadBy = 0;
const identifier = 'd.processus';
/** Whatever would open something, were it read in a log (B08). */
const secrets = new Set<string>([CHOSEN]);

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database, { env: { BASE_URL } });
  deps.clock.set(new Date());
  await seedActivated(deps, { identifier }, CHOSEN);
  const redirectUri = 'https://service.example.org/callback';
  const scope = 'openid profile offline_access';
  const added = await addClient(deps, { name: 'Service', redirectUris: [redirectUri], scope });
  if (!added.ok) throw new Error(added.faults.join());
  const { clientId, clientSecret } = added;
  service = {
    clientId,
    secret: clientSecret ?? '',
    redirectUri,
    postLogoutUri: '',
    method: 'client_secret_basic',
  };
  secrets.add(service.secret);
  processes = await Promise.all(
    [0, 1].map(async () => {
      const environment = { ...ENVIRONMENT, DATABASE_URL: database.url };
      const program = runProgram('test/conformance/server.ts', [], environment);
      const [, port] = await program.says(/listening on (\d+)\./);
      return { program, base: `http://127.0.0.1:${port}` };
    }),
  );
});
afterAll(async () => {
  for (const { program } of processes ?? []) {
    program.child.kill('SIGKILL');
    await program.ended;
  }
  await database?.drop();
});

const at = (index: number) => (processes[index % 2] as (typeof processes)[number]).base;

/** What of a kit the sign-in needs; one of the two processes answers. */
function kitAt(index: number): Kit {
  const issuer = `${BASE_URL}/oidc`;
  const metadata = { authorization_endpoint: `${issuer}/auth` };
  return { issuer, identifier, base: at(index), metadata } as unknown as Kit;
}

async function pass(ms: number): Promise<void> {
  aheadBy += ms;
  deps.clock.set(new Date(Date.now() + aheadBy));
  for (const { program } of processes) program.child.stdin?.write(`ahead ${aheadBy}\n`);
  await Promise.all(processes.map(({ program }) => program.says(new RegExp(`ahead by ${aheadBy}\\.`))));
}

async function code(visitor: Visitor, scope: string, parameters: Record<string, string> = {}, index = 0) {
  const sent = request(kitAt(index), service, { scope, ...parameters });
  const led = await lead(kitAt(index), visitor, sent);
  const value = led.callback?.searchParams.get('code');
  if (!value) throw new Error(`no code: ${led.answer.status} ${led.callback}`);
  for (const secret of [value, sent.verifier, ...visitor.cookies.map((cookie) => cookie.value)])
    secrets.add(secret);
  return { code: value, verifier: sent.verifier };
}

const visitorAt = (index: number) => createVisitor(at(index), { known: BASE_URL });

function post(index: number, parameters: Record<string, string>): Promise<Response> {
  return fetch(`${at(index)}/oidc/token`, { method: 'POST', ...authenticated(service, parameters) });
}

const exchange = (index: number, proof: { code: string; verifier: string }) =>
  post(index, {
    grant_type: 'authorization_code',
    code: proof.code,
    code_verifier: proof.verifier,
    redirect_uri: service.redirectUri,
  });

async function tokensOf(answer: Response): Promise<Tokens> {
  const tokens = (await answer.json()) as Tokens;
  for (const name of ['access_token', 'refresh_token', 'id_token'] as const)
    if (tokens[name] !== undefined) secrets.add(tokens[name]);
  return tokens;
}

const isAlive = async (index: number, accessToken: string) =>
  (await fetch(`${at(index)}/oidc/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } }))
    .status === 200;

/** All at once, half of them at each process. */
const burst = (send: (index: number) => Promise<Response>) =>
  Promise.all(Array.from({ length: 20 }, (_, index) => send(index)));

async function sorted(answers: Response[]) {
  const won = answers.filter(({ status }) => status === 200);
  const lost = answers.filter(({ status }) => status !== 200);
  const told = await Promise.all(
    lost.map(async (answer) => `${answer.status} ${((await answer.json()) as { error: string }).error}`),
  );
  return { won: await Promise.all(won.map(tokensOf)), lost: told };
}

describe('L01', () => {
  const NINETEEN = Array.from({ length: 19 }, () => '400 invalid_grant');

  test('L01 one code, 20 exchanges at once at two processes: one 200, and nothing alive after', async () => {
    for (let round = 0; round < 5; round += 1) {
      const proof = await code(visitorAt(round), 'openid profile offline_access', {}, round);
      const { won, lost } = await sorted(await burst((index) => exchange(index, proof)));
      expect([won.length, lost]).toEqual([1, NINETEEN]);
      const [tokens] = won as [Tokens];
      expect(await isAlive(round, tokens.access_token)).toBe(false);
      const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string };
      expect((await post(round + 1, refresh)).status).toBe(400);
      expect(await database.db('oidc_tokens')).toEqual([]);
    }
  });

  test('L01 one refresh token, 20 uses at once at two processes: one 200, its successor lives; used later, all dies', async () => {
    for (let round = 0; round < 3; round += 1) {
      const proof = await code(visitorAt(round), 'openid offline_access', {}, round);
      const first = await tokensOf(await exchange(round, proof));
      const use = (index: number, value?: string) =>
        post(index, { grant_type: 'refresh_token', refresh_token: value ?? '' });
      const { won, lost } = await sorted(await burst((index) => use(index, first.refresh_token)));
      expect([won.length, lost]).toEqual([1, NINETEEN]);
      const [successor] = won as [Tokens];
      expect(await isAlive(round, successor.access_token)).toBe(true);
      const next = await use(round + 1, successor.refresh_token);
      expect(next.status).toBe(200);
      const third = await tokensOf(next);
      await pass(3001);
      expect((await use(round, first.refresh_token)).status).toBe(400);
      expect(await isAlive(round + 1, third.access_token)).toBe(false);
      expect((await use(round + 1, third.refresh_token)).status).toBe(400);
    }
  });
});

test('M01 A18 oidcc-server-rotate-keys: keys rotate under load at two processes: no service with a key set ten minutes old refuses a token', async () => {
  const MINUTE = 60_000;
  const kids = new Set<string>();
  let verified = 0;

  /** A service that signs somebody in at both processes in turn, and checks what it got with keys that it keeps. */
  const begin = async (index: number) => {
    const browsers = [visitorAt(index), visitorAt(index + 1)] as const;
    await code(browsers[0], 'openid', {}, index);
    browsers[1].cookies.push(...browsers[0].cookies);
    let kept: { keys: JSONWebKeySet; at: number } | undefined;
    let turn = index;
    return async () => {
      for (let count = 0; count < 2; count += 1, turn += 1) {
        if (kept === undefined || aheadBy - kept.at >= 10 * MINUTE) {
          const answer = await fetch(`${at(turn)}/oidc/jwks`);
          kept = { keys: (await answer.json()) as JSONWebKeySet, at: aheadBy };
        }
        const browser = browsers[(turn - index) % 2] as Visitor;
        const proof = await code(browser, 'openid', { prompt: 'none' }, turn);
        const { id_token } = await tokensOf(await exchange(turn + 1, proof));
        kids.add(String(decodeProtectedHeader(id_token).kid));
        await compactVerify(id_token, createLocalJWKSet(kept.keys));
        verified += 1;
      }
    };
  };
  const services = await Promise.all([0, 1, 2, 3, 4, 5].map(begin));
  const load = () => Promise.all(services.map((turns) => turns()));
  await load();
  const before = await keysOf(0);
  const [made] = await Promise.all([rotateSigningKeys(deps), load()]);
  expect(made.map(({ alg }) => alg).sort()).toEqual(['ES256', 'EdDSA', 'RS256']);
  for (let minutes = 0; minutes < 75; minutes += 5) {
    await pass(5 * MINUTE);
    await load();
  }
  expect(kids.size).toBe(2);
  expect(verified).toBeGreaterThan(100);
  for (const index of [0, 1]) {
    const now = await keysOf(index);
    expect(new Set(now).size).toBe(6);
    // What the old ones have signed is checked for thirty days more.
    expect(now).toEqual(expect.arrayContaining([...before, ...made.map(({ kid }) => kid)]));
  }
});

async function keysOf(index: number): Promise<string[]> {
  const { keys } = (await (await fetch(`${at(index)}/oidc/jwks`)).json()) as JSONWebKeySet;
  return keys.map(({ kid }) => String(kid));
}

test('B08 the logs of both processes hold no code, token, cookie, secret or password of all that', () => {
  const log = processes.map(({ program }) => program.output()).join('\n');
  expect(log).toContain('"request"');
  expect(secrets.size).toBeGreaterThan(100);
  expect([...secrets].filter((secret) => log.includes(secret))).toEqual([]);
});
