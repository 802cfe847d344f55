import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { seedActivated } from '../support/activated.ts';
import { closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Program, runProgram } from '../support/program.ts';
import { startWorld, type TestWorld } from '../support/world.ts';
import { freePort } from './apache.ts';
import { codeBlocks, filledIn, pageText } from './code-blocks.ts';
import { register } from './register.ts';

/** The quick start as it stands: its command, then its program as a process of its own, then a parent in a browser. */

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const PASSWORD = 'chaise3verte';
const LOCAL = 'http://localhost:8080';
const PAGE = 'quick-start.md';

let database: TestDatabase;
let world: TestWorld;
let folder: string;
let plain: Service;
let told: Service;
let page: TestPage;

type Service = { origin: string; clientId: string; program: Program };

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
  const family = { identifier: 'q.start', givenName: 'Anaïs', familyName: 'MARTIN' };
  await seedActivated(world.deps, family, PASSWORD);
  folder = mkdtempSync(join(tmpdir(), 'ec-quick-start-'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  const add = codeBlocks(PAGE, '').find((block) => block.includes('client add')) ?? '';
  const [program = ''] = codeBlocks(PAGE, 'js');
  const [atTheEnd = '', above = '', last = ''] = codeBlocks('logout.md', 'js');
  const withBackChannel = filledIn(program, {
    "  if (url.pathname === '/login') {\n": `${above}\n  if (url.pathname === '/login') {\n`,
    '  return { claims, idToken: tokens.id_token };\n': last,
  });
  const backChannel = ` --backchannel-logout-uri ${LOCAL}/logout/backchannel --json`;
  [plain, told] = await Promise.all([
    start('plain.mjs', { program, add }),
    start('told.mjs', {
      program: withBackChannel + atTheEnd,
      add: filledIn(add, { ' --json': backChannel }),
    }),
  ]);
});
afterAll(async () => {
  await closeBrowser();
  for (const service of [plain, told]) {
    service?.program.child.kill('SIGTERM');
    await service?.program.ended;
  }
  rmSync(folder, { recursive: true, force: true });
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  page = await newPage();
});
afterEach(() => page.close());

/** Registers a service by the page's command, and runs the page's program. */
async function start(name: string, { program, add }: { program: string; add: string }): Promise<Service> {
  const origin = `http://localhost:${await freePort()}`;
  const client = await register(world, filledIn(add, { [LOCAL]: origin }));
  writeFileSync(join(folder, name), program);
  const running = runProgram(join(folder, name), [], {
    ISSUER: world.deps.config.issuer,
    CLIENT_ID: client.client_id,
    CLIENT_SECRET: client.client_secret,
    ORIGIN: origin,
  });
  await running.says(/Mon service is at/);
  return { origin, clientId: client.client_id, program: running };
}

const heading = (name: string) => page.getByRole('heading', { name, level: 1, exact: true });
const link = (name: string) => page.getByRole('link', { name, exact: true });
const button = (name: string) => page.getByRole('button', { name, exact: true });

async function signIn({ origin }: Service): Promise<void> {
  await page.goto(origin);
  await link('Se connecter avec ÉduConnect').click();
  await button('Représentant légal').click();
  await page.getByLabel('Identifiant', { exact: true }).fill('q.start');
  await page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await button('Se connecter').click();
  await heading('Bonjour').waitFor();
}

test('the parent signs in, is known by name and child, knows no second login, and signs out', async () => {
  await signIn(plain);
  const claims = JSON.parse(await page.locator('pre').innerText());
  expect(claims).toMatchObject({
    name: 'Anaïs MARTIN',
    FrEduCtPersonAffiliation: ['resp1d'],
    eleves: [{ given_name: 'Lucie', family_name: 'ZOUMN' }],
  });
  // What claims.md shows of a child is what a service gets.
  const [example = ''] = codeBlocks('claims.md', 'json');
  expect(Object.keys(claims.eleves[0]).sort()).toEqual(Object.keys(JSON.parse(example)[0]).sort());

  await page.goto(`${world.lsu.origin}/connexion`);
  await page.getByText('Je suis connecté au livret scolaire').waitFor();

  await page.goto(plain.origin);
  await link('Se déconnecter').click();
  await button('Se déconnecter').click();
  await heading('Mon service').waitFor();
  expect(page.url()).toBe(`${plain.origin}/`);
  await link('Se connecter avec ÉduConnect').click();
  await heading('Je sélectionne mon profil').waitFor();
});

test('with the additions of logout.md it is told when the parent leaves from « Mon compte »', async () => {
  await signIn(told);
  await page.goto(`${world.base}/`);
  await button('Se déconnecter').click();
  await heading('Vous êtes déconnecté').waitFor();
  await page.goto(told.origin);
  await heading('Mon service').waitFor();
  expect(await world.deps.db('logout_notices').select('*')).toEqual([]);

  const forged = new URLSearchParams({ logout_token: 'e30.e30.' });
  const answer = await fetch(`${told.origin}/logout/backchannel`, { method: 'POST', body: forged });
  expect(answer.status).toBe(400);
});

test('what the service did not begin, or what is no answer of EduConnect, signs nobody in', async () => {
  await page.goto(`${plain.origin}/callback?code=x&state=y`);
  await heading('Begun elsewhere').waitFor();
  await link('Again').click();
  await heading('Je sélectionne mon profil').waitFor();
  await page.goto(`${plain.origin}/callback?code=x&state=y`);
  await heading('Not signed in').waitFor();
  await page.goto(plain.origin);
  await link('Se connecter avec ÉduConnect').waitFor();
});

test('what the pages name of discovery is there', async () => {
  const answer = await fetch(`${world.deps.config.issuer}/.well-known/openid-configuration`);
  const metadata = (await answer.json()) as Record<string, unknown>;
  const pages = ['logout.md', 'errors.md', 'going-live.md', 'authlib.md'].map(pageText).join('\n');
  const named = [...pages.matchAll(/\b(\w+_endpoint|jwks_uri)\b/g)].map(([name]) => name);
  expect(Object.keys(metadata)).toEqual(expect.arrayContaining([...new Set(named)]));
});

test.each([
  ['invalid_request', { code_challenge: null }],
  ['invalid_request', { code_challenge_method: 'plain' }],
  ['invalid_scope', { scope: 'openid educonnect_ine' }],
  ['login_required', { prompt: 'none' }],
  ['unsupported_response_type', { response_type: 'token' }],
  ['request_not_supported', { request: 'x' }],
  ['request_uri_not_supported', { request_uri: 'https://service.example/' }],
  [
    'unmet_authentication_requirements',
    { claims: '{"id_token":{"acr":{"essential":true,"value":"eidas3"}}}' },
  ],
] as [string, Record<string, string | null>][])('errors.md: %s comes back for %j', async (error, changes) => {
  const { to } = await ask(changes);
  expect(to?.origin).toBe(plain.origin);
  expect(new URLSearchParams(to?.search || to?.hash.slice(1)).get('error')).toBe(error);
  expect(pageText('errors.md')).toContain(`\`${error}\``);
});

test.each([
  ['invalid_client', { client_id: 'nobody' }],
  ['invalid_redirect_uri', { redirect_uri: 'http://localhost/calback' }],
  ['unsupported_response_mode', { response_mode: 'form_post' }],
])('errors.md: %s is shown on our page for %j', async (error, changes: Record<string, string>) => {
  const { to, text } = await ask(changes);
  expect(to).toBeNull();
  for (const shown of [error, 'EC-400-SERVICE', 'demandé n&#39;a pas pu ouvrir la connexion'])
    expect(text).toContain(shown);
  expect(pageText('errors.md')).toContain(`\`${error}\``);
});

/** An authorization request of the plain service, with a mistake. */
async function ask(changes: Record<string, string | null>): Promise<{ to: URL | null; text: string }> {
  const parameters = {
    client_id: plain.clientId,
    redirect_uri: `${plain.origin}/callback`,
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...changes,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null) query.set(name, value);
  const answer = await fetch(`${world.deps.config.issuer}/auth?${query}`, { redirect: 'manual' });
  const location = answer.headers.get('location');
  return { to: location === null ? null : new URL(location), text: await answer.text() };
}
