import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { clientCommand, keysCommand } from '../../src/provider/cli.ts';
import { addSchool } from '../../src/provider/client-store.ts';
import type { TestDatabase } from '../support/database.ts';
import { createTestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  const now = new Date();
  await database.db('schools').insert({
    uai: '0319001A',
    degree: 1,
    name: 'École',
    academy_code: '16',
    academy_name: 'Toulouse',
    source_id: 'S1',
    created_at: now,
    updated_at: now,
  });
});

afterAll(async () => {
  await database.drop();
});

async function client(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return run(clientCommand, argv);
}

async function run(command: typeof clientCommand, argv: string[], of = deps) {
  const [out, err]: string[][] = [[], []];
  const io = { out: (line: string) => out?.push(line), err: (line: string) => err?.push(line) };
  const code = await command(of, argv, io);
  return { code, out: (out ?? []).join('\n'), err: (err ?? []).join('\n') };
}

const ADD = [
  'add',
  '--name',
  'ENT',
  '--redirect-uri',
  'https://ent.example.org/cb',
  '--scope',
  'openid profile',
];

test('add prints the id and, this once, the secret; list shows everything else', async () => {
  const added = await client(...ADD, '--school', '0319001A', '--json');
  expect([added.code, added.err]).toEqual([0, '']);
  const { client_id, client_secret } = JSON.parse(added.out);
  expect(client_id).toMatch(/^[\w-]{22}$/);
  expect(client_secret).toMatch(/^[\w-]{43}$/);
  const listed = await client('list', '--json');
  expect(JSON.parse(listed.out)).toEqual([
    {
      client_id,
      name: 'ENT',
      sector: 'ent.example.org',
      scope: 'openid profile',
      redirect_uris: ['https://ent.example.org/cb'],
      schools: ['0319001A'],
      post_logout_redirect_uris: [],
      auth_method: 'client_secret_basic',
      alg: 'RS256',
      secret_at: deps.clock.now().toISOString(),
      old_secret_until: null,
    },
  ]);
  expect(listed.out).not.toContain(client_secret);

  expect((await client('service', client_id, '--school', 'all')).code).toBe(0);
  expect((await client('service', client_id, '--school', 'all')).code).toBe(0);
  const oneOff = await client('service', client_id, '--school', '0319001A', '--off');
  expect([oneOff.code, oneOff.err]).toEqual([1, expect.stringContaining('active for all schools')]);
  expect(JSON.parse((await client('list', '--json')).out)[0].schools).toContain('all');

  const updated = await client(
    'update',
    client_id,
    '--name',
    'Mon ENT',
    '--backchannel-logout-uri',
    'https://ent.example.org/out',
  );
  expect(updated.code).toBe(0);
  const row = await database.db('oidc_clients').where({ client_id }).first();
  expect(row.name).toBe('Mon ENT');
  expect(JSON.parse(row.metadata)).toMatchObject({
    backchannel_logout_session_required: true,
    scope: 'openid profile',
  });
  await client('update', client_id, '--backchannel-logout-uri', '');
  expect(
    JSON.parse((await database.db('oidc_clients').where({ client_id }).first()).metadata),
  ).not.toHaveProperty('backchannel_logout_uri');

  const rotated = await client('rotate-secret', client_id, '--json');
  expect(JSON.parse(rotated.out).client_secret).not.toBe(client_secret);
  expect((await client('remove', client_id)).code).toBe(0);
  expect((await client('remove', client_id)).code).toBe(1);
});

test('a school is named by its UAI, whichever way it is typed; none that is not there is taken for one', async () => {
  const { client_id } = JSON.parse((await client(...ADD, '--json')).out);
  const off = await client('service', client_id, '--school', 'é', '--off');
  expect([off.code, off.err]).toEqual([1, '--school: é is no UAI: seven digits and a letter']);
  expect((await client('service', client_id, '--school', ' 0319001a ')).code).toBe(0);
  const shown = JSON.parse((await client('list', '--json')).out);
  expect(shown).toContainEqual(expect.objectContaining({ client_id, schools: ['0319001A'] }));
  const now = new Date();
  await expect(addSchool(database.db, client_id, 4_000_000, now)).rejects.toMatchObject({ errno: 1452 });
  await expect(addSchool(database.db, 'nobody', null, now)).rejects.toMatchObject({ errno: 1452 });
  await client('remove', client_id);
});

test('a client_id that begins with a hyphen is no option', async () => {
  const { client_id } = JSON.parse((await client(...ADD, '--json')).out);
  const odd = `-${client_id.slice(1)}`;
  await database.db('oidc_clients').where({ client_id }).update({ client_id: odd });
  expect((await client('update', odd, '--name', 'ENT -x')).code).toBe(0);
  expect((await client('service', odd, '--school', 'all')).code).toBe(0);
  expect((await client('remove', odd, '--json')).out).toBe('{"ok":true}');
});

test('wrong usage says what is wrong, then the usage', async () => {
  for (const [argv, wrong] of [
    [['fly'], 'fly is no verb'],
    [['remove'], 'remove takes one client_id'],
    [['list', '--frob'], "Unknown option '--frob'"],
    [['add', '--name', 'x'], 'add needs --name, --redirect-uri and --scope'],
    [['service', 'x'], 'service needs --school'],
  ] as const) {
    const { code, err } = await client(...argv);
    expect([code, err]).toEqual([2, expect.stringContaining(wrong)]);
    expect(err).toContain('usage: educonnect client');
  }
});

test('the sector may be given, and is what two redirect hosts need', async () => {
  const added = await client(
    ...ADD,
    '--redirect-uri',
    'https://other.example.org/cb',
    '--sector',
    'ministere.example.org:8443',
    '--json',
  );
  const { client_id } = JSON.parse(added.out);
  expect((await database.db('oidc_clients').where({ client_id }).first()).sector).toBe(
    'ministere.example.org:8443',
  );
  expect((await client('update', client_id, '--sector', 'x.example.org')).code).toBe(2);
});

test.each<[string, string[], string]>([
  ['a plain http address', ['--redirect-uri', 'http://ent.example.org/cb'], 'must be https'],
  ['a fragment', ['--redirect-uri', 'https://ent.example.org/cb#x'], 'fragment'],
  ['a user', ['--redirect-uri', 'https://a:b@ent.example.org/cb'], 'user'],
  ['no address', ['--redirect-uri', 'callback'], 'not an address'],
  ['an unknown scope', ['--scope', 'openid everything'], 'everything is unknown'],
  ['an unknown method', ['--auth-method', 'tls_client_auth'], '--auth-method'],
  ['an unknown algorithm', ['--alg', 'none'], '--alg'],
  ['private_key_jwt without keys', ['--auth-method', 'private_key_jwt'], '--jwks-uri'],
  ['an unknown school', ['--school', '0000000Z'], 'no school 0000000Z'],
  ['a school that is no UAI', ['--school', 'é'], 'é is no UAI'],
  ['a sector with a path', ['--sector', 'ent.example.org/x'], '--sector'],
  ['an empty name', ['--name', ' '], '--name'],
])('refused with exit code 1: %s', async (_name, more, fault) => {
  const before = await database.db('oidc_clients').count({ count: '*' }).first();
  const { code, err, out } = await client(...ADD, ...more);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(fault);
  expect(await database.db('oidc_clients').count({ count: '*' }).first()).toEqual(before);
});

test('every fault is told at once', async () => {
  const { err } = await client(...ADD, '--alg', 'none', '--scope', 'x', '--redirect-uri', 'ftp://a');
  expect(err.split('\n').length).toBeGreaterThanOrEqual(3);
});

test('http on this machine is for the demo', async () => {
  const loopback = ['--redirect-uri', 'http://localhost:3003/cb', '--json'];
  expect((await client(...ADD, ...loopback)).code).toBe(0);
  const production = testDeps(database, { env: { HTTP_LOOPBACK_CLIENTS: '0' } });
  const refused = await run(clientCommand, [...ADD, ...loopback], production);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('is for the demo')]);
});

test.each([
  [[]],
  [['nonsense']],
  [['add']],
  [['add', '--nonsense']],
  [['update']],
  [['service', 'x']],
  [['list', 'x']],
])('wrong usage is exit code 2: %j', async (argv) => {
  const { code, err } = await client(...argv);
  expect([code, err]).toEqual([2, expect.stringContaining('usage:')]);
});

test('keys rotate', async () => {
  const made = await run(keysCommand, ['rotate', '--json']);
  expect(JSON.parse(made.out).map((key: { alg: string }) => key.alg)).toEqual(['RS256', 'ES256', 'EdDSA']);
  expect((await run(keysCommand, ['rotate'])).out).toContain('already');
  const listed = await run(keysCommand, ['list', '--json']);
  expect(JSON.parse(listed.out)).toHaveLength(6);
  expect(listed.out).not.toContain('v1.');
  expect((await run(keysCommand, ['nonsense'])).code).toBe(2);
});
