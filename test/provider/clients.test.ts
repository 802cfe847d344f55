import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { clientCommand } from '../../src/provider/cli.ts';
import { endOldSecret, rotateSecret } from '../../src/provider/registration.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  type Account,
  Browser,
  basic,
  type Instance,
  jwtPayload,
  type Service,
  seedAccount,
  seedService,
  signIn,
  startDatabase,
  startInstance,
  token,
  userinfo,
} from './harness.ts';

let database: TestDatabase;
let instance: Instance;
let parent: Account;
let log = '';
let listener: Server;
let origin: string;
const keySets = new Map<string, object[]>();
const fetched: string[] = [];

beforeAll(async () => {
  listener = createServer((request, response) => {
    const path = request.url as string;
    fetched.push(path);
    response.setHeader('cache-control', 'max-age=86400');
    if (!keySets.has(path)) response.statusCode = 500;
    response.end(JSON.stringify({ keys: keySets.get(path) ?? [] }));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  database = await startDatabase();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += chunk;
      done();
    },
  });
  instance = await startInstance(database, {}, { log: pino({ level: 'trace' }, stream) });
  parent = await seedAccount(database);
});
afterAll(async () => {
  listener.closeAllConnections();
  await new Promise((resolve) => listener.close(resolve));
  await instance.close();
  await database.drop();
});

/** Longer than a registration is kept by a process. */
const seen = () => instance.deps.clock.advance(31_000);
const DAY = 24 * 3600_000;

/** Whether the token endpoint takes this secret: what is wrong then is the refresh token. */
async function takes(service: Service, secret: string | null): Promise<boolean> {
  const fields = { grant_type: 'refresh_token', refresh_token: 'none' };
  const answer = await token(instance, service, fields, basic({ ...service, secret }));
  const { error } = (await answer.json()) as { error: string };
  expect([`400 invalid_grant`, `401 invalid_client`]).toContain(`${answer.status} ${error}`);
  return answer.status === 400;
}

test('secrets overlap: both are good for seven days, then the new one alone', async () => {
  const service = await seedService(instance.deps, 'Overlap', { scope: 'openid offline_access' });
  expect(await takes(service, service.secret)).toBe(true);
  const rotated = await rotateSecret(instance.deps, service.clientId);
  if (!rotated.ok) throw new Error(rotated.faults.join());
  const until = new Date(instance.deps.clock.now().getTime() + 7 * DAY);
  expect(rotated).toMatchObject({ clientSecret: expect.any(String), oldSecretUntil: until });
  expect(rotated.clientSecret).not.toBe(service.secret);
  seen();
  for (const secret of [service.secret, rotated.clientSecret])
    expect(await takes(service, secret)).toBe(true);
  for (const secret of [`${service.secret}x`, 'x']) expect(await takes(service, secret)).toBe(false);
  // The whole flow, with either.
  for (const secret of [service.secret, rotated.clientSecret])
    await signIn(new Browser(instance), { service: { ...service, secret }, scope: 'openid' }, parent);
  // While it lasts a third is not made, or the service's own would be gone.
  expect(await rotateSecret(instance.deps, service.clientId)).toMatchObject({
    ok: false,
    faults: [expect.stringContaining('--end-old')],
  });
  instance.deps.clock.advance(7 * DAY);
  expect(await takes(service, service.secret)).toBe(false);
  expect(await takes(service, rotated.clientSecret)).toBe(true);
});

test('the old secret is ended when the service has changed over, or dies at once where it is in wrong hands', async () => {
  const service = await seedService(instance.deps, 'Ended', { scope: 'openid offline_access' });
  const first = await rotateSecret(instance.deps, service.clientId, 30);
  seen();
  expect(await takes(service, service.secret)).toBe(true);
  expect(await endOldSecret(instance.deps, service.clientId)).toEqual({ ok: true });
  seen();
  expect(await takes(service, service.secret)).toBe(false);
  expect(await endOldSecret(instance.deps, service.clientId)).toMatchObject({ ok: false });
  const leaked = await rotateSecret(instance.deps, service.clientId, 0);
  seen();
  if (!first.ok || !leaked.ok) throw new Error('not rotated');
  expect(leaked.oldSecretUntil).toBeNull();
  expect(await takes(service, first.clientSecret)).toBe(false);
  expect(await takes(service, leaked.clientSecret)).toBe(true);
});

test('the command: a secret is shown once, lists have none, wrong usage is told', async () => {
  const service = await seedService(instance.deps, 'Command');
  const run = async (...argv: string[]) => {
    const [out, err]: [string[], string[]] = [[], []];
    const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) };
    const code = await clientCommand(instance.deps, argv, io);
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  const rotated = await run('rotate-secret', service.clientId, '--keep-old', '2', '--json');
  const { client_secret: secret, old_secret_until: until } = JSON.parse(rotated.out);
  expect(new Date(until).getTime() - instance.deps.clock.now().getTime()).toBe(2 * DAY);
  for (const json of [['--json'], []]) {
    const listed = await run('list', ...json);
    expect(listed.out).toContain(until);
    for (const hidden of [secret, service.secret as string, 'sealed', 'v1.'])
      expect(listed.out).not.toContain(hidden);
  }
  const [mine] = JSON.parse((await run('list', '--json')).out).filter(
    (client: { client_id: string }) => client.client_id === service.clientId,
  );
  expect(mine).toMatchObject({ auth_method: 'client_secret_basic', alg: 'RS256', old_secret_until: until });
  expect((await run('rotate-secret', service.clientId, '--end-old')).code).toBe(0);
  for (const days of ['-1', '91', 'x', '1.5', ''])
    expect((await run('rotate-secret', service.clientId, `--keep-old=${days}`)).code).toBe(1);
  expect((await run('rotate-secret', service.clientId, '--end-old', '--keep-old', '1')).code).toBe(2);
  expect((await run('rotate-secret', 'nobody')).code).toBe(1);
  expect(log).not.toContain(secret);
  expect(log).not.toContain(service.secret as string);
});

test.each<[string, string]>([
  ['an address of this machine', 'https://127.0.0.1/out'],
  ['the same in another notation', 'https://0x7f.1/out'],
  ['the same in the new protocol', 'https://[::1]/out'],
  ['the same as IPv4 within IPv6', 'https://[::ffff:10.0.0.1]/out'],
  ['a private network', 'https://10.1.2.3/out'],
  ['another private network', 'https://172.20.1.1:8443/out'],
  ['a third private network', 'https://192.168.1.1/out'],
  ['the cloud’s own address', 'https://169.254.169.254/latest'],
  ['a private network of IPv6', 'https://[fd00::1]/out'],
  ['a name of this machine', 'https://x.localhost/out'],
  ['a name of the house', 'https://intranet/out'],
  ['a name within a network', 'https://ent.internal./out'],
])('%s is no back channel, key set or way back unless it is trusted', async (_name, uri) => {
  const settings = {
    '--backchannel-logout-uri': { backchannelLogoutUri: uri },
    '--jwks-uri': { jwksUri: uri, authMethod: 'private_key_jwt' },
    '--post-logout-redirect-uri': { postLogoutRedirectUris: [uri] },
  };
  const untrusting = { ...instance.deps, config: { ...instance.deps.config, HTTP_LOOPBACK_CLIENTS: false } };
  for (const [flag, setting] of Object.entries(settings)) {
    await expect(seedService(untrusting, 'Private', setting)).rejects.toThrow(
      `${flag}: ${uri} is on a private network`,
    );
    const TRUSTED_CLIENT_ORIGINS = [new URL(uri).origin];
    const trusting = { ...untrusting, config: { ...untrusting.config, TRUSTED_CLIENT_ORIGINS } };
    expect((await seedService(trusting, 'Private', setting)).clientId).toBeTruthy();
  }
});

test.each(['--backchannel-logout-uri', '--post-logout-redirect-uri', '--jwks-uri', '--initiate-login-uri'])(
  '%s: https, no fragment, no user',
  async (flag) => {
    const faults = async (uri: string) => {
      const err: string[] = [];
      const argv = [
        'add',
        '--name',
        'X',
        '--redirect-uri',
        'https://x.example.org/cb',
        '--scope',
        'openid',
        flag,
        uri,
      ];
      const io = { out: () => {}, err: (line: string) => err.push(line) };
      return [await clientCommand(instance.deps, argv, io), err.join()];
    };
    for (const uri of [
      'http://x.example.org/',
      'https://x.example.org/#f',
      'https://a@x.example.org/',
      'nonsense',
    ])
      expect(await faults(uri)).toEqual([1, expect.stringContaining(`${flag}: ${uri}`)]);
    expect(await faults('https://x.example.org/?a=b')).toEqual([0, '']);
  },
);

test('a service with addresses on two hosts and a sector: a code at either, and one person is one person', async () => {
  const redirectUris = ['https://ent-a.example.org/callback', 'https://ent-b.example.org/callback'];
  const service = await seedService(instance.deps, 'Hosts', {
    redirectUris,
    sector: 'ent.example.org',
    scope: 'openid',
  });
  const subjects = new Set<unknown>();
  for (const redirectUri of redirectUris) {
    const tokens = await signIn(
      new Browser(instance),
      { service: { ...service, redirectUri }, scope: 'openid' },
      parent,
    );
    subjects.add(jwtPayload(tokens.id_token).sub);
  }
  const other = await seedService(instance.deps, 'Hosts2', { sector: 'ent.example.org', scope: 'openid' });
  subjects.add(
    jwtPayload((await signIn(new Browser(instance), { service: other, scope: 'openid' }, parent)).id_token)
      .sub,
  );
  expect(subjects.size).toBe(1);
});

test('a scope that is taken from a service is not in what its older tokens tell, those of refresh included', async () => {
  const service = await seedService(instance.deps, 'Narrowed', {
    scope: 'openid profile email offline_access',
  });
  const scope = 'openid profile email offline_access';
  const tokens = await signIn(new Browser(instance), { service, scope }, parent);
  const claims = async (accessToken: string) =>
    (await (await userinfo(instance, accessToken)).json()) as object;
  expect(await claims(tokens.access_token)).toMatchObject({
    name: 'Éloïse Łukasik',
    email: 'eloise@example.org',
  });
  const io = { out: () => {}, err: () => {} };
  const update = ['update', service.clientId, '--scope', 'openid profile offline_access'];
  expect(await clientCommand(instance.deps, update, io)).toBe(0);
  seen();
  const fields = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string };
  const refreshed = await token(instance, service, fields);
  expect(refreshed.status).toBe(200);
  const { access_token: next } = (await refreshed.json()) as { access_token: string };
  for (const accessToken of [tokens.access_token, next]) {
    const told = await claims(accessToken);
    expect(told).toMatchObject({ name: 'Éloïse Łukasik' });
    expect(told).not.toHaveProperty('email');
  }
});

test('private_key_jwt: the key set is read once in half a minute, and a key that the service changes is known by then', async () => {
  const path = '/rotating/jwks';
  const keyed = (kid: string) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return {
      kid,
      privateKey,
      jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' },
    };
  };
  const [first, second] = [keyed('k1'), keyed('k2')];
  keySets.set(path, [first.jwk]);
  const service = await seedService(instance.deps, 'Rotating', {
    authMethod: 'private_key_jwt',
    jwksUri: origin + path,
  });
  expect(service.secret).toBeNull();
  const status = async ({ kid, privateKey }: { kid: string; privateKey: KeyObject }) => {
    const client_assertion = await new SignJWT({ jti: `${kid}${Math.random()}` })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setIssuer(service.clientId)
      .setSubject(service.clientId)
      .setAudience(instance.deps.config.issuer)
      .setIssuedAt()
      .setExpirationTime('1 minute')
      .sign(privateKey);
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const fields = {
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_assertion_type,
      client_assertion,
    };
    return (await token(instance, service, fields, {})).status;
  };
  const [good, refused] = [400, 401];
  const reads = () => fetched.filter((asked) => asked === path).length;
  // Three at once, the first that the process sees of it: they wait for one reading.
  expect(await Promise.all([1, 2, 3].map(() => status(first)))).toEqual([good, good, good]);
  expect(reads()).toBe(1);
  // A key that nobody has published: the set is not read for each attempt.
  for (let time = 0; time < 3; time += 1) expect(await status(second)).toBe(refused);
  expect(reads()).toBe(1);
  // Published beside the old one: read when it is first met, whatever the service says about keeping the set.
  keySets.set(path, [first.jwk, second.jwk]);
  seen();
  expect([await status(first), reads()]).toEqual([good, 1]);
  expect([await status(second), reads()]).toEqual([good, 2]);
  // The old one is withdrawn: nobody is refused over it, and it is not good for longer than five minutes.
  keySets.set(path, [second.jwk]);
  instance.deps.clock.advance(5 * 60_000);
  expect(await status(second)).toBe(good);
  while (reads() < 3) await new Promise(setImmediate);
  instance.deps.clock.advance(9_000);
  while ((await status(first)) === good) await new Promise(setImmediate);
  // The service's set cannot be read for a while: the keys of before do.
  keySets.delete(path);
  instance.deps.clock.advance(60 * 60_000);
  expect([await status(second), await status(second)]).toEqual([good, good]);
  instance.deps.clock.advance(25 * 3600_000);
  expect(await status(second)).not.toBe(200);
  expect(await status(second)).toBe(refused);
});
