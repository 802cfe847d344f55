import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { seedActivated } from '../support/activated.ts';
import { closeBrowser, newPage, type TestPage } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startWorld, type TestWorld } from '../support/world.ts';
import { type Apache, freePort, startApache } from './apache.ts';
import { codeBlocks, filledIn } from './code-blocks.ts';
import { register } from './register.ts';

/**
 * A relying service that nobody here wrote: Debian's Apache with mod_auth_openidc, registered and configured by the
 * very blocks of docs/integrating/mod_auth_openidc.md, and a parent in a real browser.
 */

/** A browser beside other tests takes its time. */
jest.setTimeout(120_000);

const PAGE = 'mod_auth_openidc.md';
const PASSWORD = 'chaise3verte';

let database: TestDatabase;
let world: TestWorld;
let apache: Apache;
let page: TestPage;
let identifier: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await startWorld(database);
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const [, add = ''] = codeBlocks(PAGE, '');
  const client = await register(world, filledIn(add, { 'https://service.example': origin }));
  const site = filledIn(codeBlocks(PAGE, 'apache').join('\n'), {
    'https://educonnect.example': world.base,
    'https://service.example': origin,
    '^https://service\\.example/': `^${origin}/`,
    'the-client-id': client.client_id,
    'the-client-secret': client.client_secret,
    'a-passphrase-of-your-own': 'passphrase-of-the-test-suite',
  });
  const silent = '<Location /secure/silent>\n  OIDCPathAuthRequestParams prompt=none\n</Location>\n';
  apache = await startApache(port, { site: site + silent, pages: pagesOf(origin) });
});
afterAll(async () => {
  await closeBrowser();
  await apache?.stop();
  await world?.close();
  await database?.drop();
});
beforeEach(async () => {
  count += 1;
  identifier = `c.apache${count}`;
  const children = [
    { givenName: 'Zoé', familyName: 'MARTIN', birthDate: '2017-03-09' },
    { givenName: 'Éloi', familyName: "D'ARTOIS", birthDate: '2014-11-30' },
  ];
  const family = { identifier, givenName: 'Éloïse', familyName: 'MARTIN', children };
  await seedActivated(world.deps, family, PASSWORD);
  page = await newPage();
});
afterEach(() => page.close());

const button = (name: string) => page.getByRole('button', { name, exact: true });
const heading = (name: string) => page.getByRole('heading', { name, level: 1, exact: true });
const open = (path: string) => page.goto(`${apache.origin}${path}`);

/** What the page of the service found in its environment. */
async function environment(): Promise<Record<string, string>> {
  const lines = (await page.locator('pre').innerText()).split('\n').map((line) => line.split(/=(.*)/s));
  return Object.fromEntries(lines.map(([name = '', value = '']) => [name, value]));
}

async function typePassword(password = PASSWORD): Promise<void> {
  await page.getByLabel('Identifiant', { exact: true }).fill(identifier);
  await page.getByLabel('Mot de passe', { exact: true }).fill(password);
  await button('Se connecter').click();
}

async function signIn(): Promise<void> {
  await open('/secure/');
  await button('Représentant légal').click();
  await typePassword();
  await heading('Mon service').waitFor();
}

/** Who comes to the service now is asked who he is. */
async function expectSignedOut(): Promise<void> {
  await open('/secure/');
  await heading('Je sélectionne mon profil').waitFor();
}

test('signs a parent in with PKCE, and finds who he is, his children and their school', async () => {
  await open('/');
  const asking = page.waitForRequest(/\/oidc\/auth\?/);
  await page.getByRole('link', { name: 'Entrer' }).click();
  const asked = new URL((await asking).url()).searchParams;
  expect(asked.get('code_challenge_method')).toBe('S256');
  await page.getByText('Vous allez vers Mon service').waitFor();
  await button('Représentant légal').click();
  await typePassword();
  await heading('Mon service').waitFor();

  const found = await environment();
  const claims = JSON.parse(found.OIDC_userinfo_json ?? '');
  expect(found).toMatchObject({
    AUTH_TYPE: 'openid-connect',
    REMOTE_USER: claims.sub,
    OIDC_CLAIM_given_name: 'Éloïse',
    OIDC_CLAIM_family_name: 'MARTIN',
    OIDC_CLAIM_email: `${identifier}@example.org`,
    OIDC_CLAIM_email_verified: '1',
    OIDC_CLAIM_FrEduCtPersonAffiliation: 'resp1d',
    OIDC_CLAIM_FrEduOrigAuth: 'ECT',
    OIDC_CLAIM_acr: 'eidas1',
    OIDC_CLAIM_amr: 'pwd',
  });
  const school = { uai: expect.stringMatching(/^999\d{4}X$/), school: 'E.E.PU-DES TILLEULS', degree: 1 };
  expect(claims.eleves).toEqual([
    expect.objectContaining({ given_name: 'Éloi', family_name: "D'ARTOIS", ...school }),
    expect.objectContaining({ given_name: 'Zoé', family_name: 'MARTIN', ...school }),
  ]);
  expect(Object.keys(claims.eleves[0])).not.toContain('ine');
  expect(found.OIDC_CLAIM_FrEduVecteur).toBe(claims.FrEduVecteur.join(','));
});

test('a place for guardians of the first degree lets this one in, and not one of the second', async () => {
  await signIn();
  expect((await open('/secure/primaire/'))?.status()).toBe(200);
  await world.deps.db('pupils').update({ degree: 2 });
  await page.context().clearCookies();
  await signIn();
  expect((await open('/secure/primaire/'))?.status()).toBe(401);
  await world.deps.db('pupils').update({ degree: 1 });
});

test('one login for this service and another, whichever comes first', async () => {
  await signIn();
  await page.goto(`${world.ent.origin}/connexion`);
  await page.getByText("Je suis connecté à l'ENT").waitFor();

  await page.context().clearCookies();
  await page.goto(`${world.ent.origin}/connexion`);
  await button('Représentant légal').click();
  await typePassword();
  await page.getByText("Je suis connecté à l'ENT").waitFor();
  await open('/secure/');
  await heading('Mon service').waitFor();
});

test('signs out at EduConnect too, comes back to its own page, and nobody is signed in anywhere', async () => {
  await signIn();
  await page.getByRole('link', { name: 'Se déconnecter' }).click();
  await heading('Voulez-vous vous déconnecter ?').waitFor();
  await page.getByText('Vous venez de quitter Mon service').waitFor();
  await button('Se déconnecter').click();
  await heading('Accueil').waitFor();
  expect(page.url()).toBe(`${apache.origin}/`);
  // The module took the news of a session that it had ended itself.
  expect(await world.deps.db('logout_notices').select('*')).toEqual([]);
  await expectSignedOut();
  await page.goto(`${world.ent.origin}/connexion`);
  await heading('Je sélectionne mon profil').waitFor();
});

test('is told by the back channel when the parent leaves from « Mon compte »', async () => {
  await signIn();
  await page.goto(`${world.base}/`);
  await heading('Mon compte').waitFor();
  await button('Se déconnecter').click();
  await heading('Vous êtes déconnecté').waitFor();
  expect(await world.deps.db('logout_notices').select('*')).toEqual([]);
  await expectSignedOut();
});

test('a refused login, an answer with an error and one that is too late open nothing', async () => {
  const asking = page.waitForRequest(/\/oidc\/auth\?/);
  await open('/secure/');
  const state = new URL((await asking).url()).searchParams.get('state');
  await button('Représentant légal').click();
  await typePassword('pas-le-bon-1');
  await page.getByRole('alert').waitFor();
  await expectSignedOut();

  const answer = (of: string) => `/secure/redirect_uri?error=access_denied&state=${of}`;
  await open(answer(state ?? ''));
  await page.getByText('OpenID Connect Provider error: access_denied').waitFor();
  await open(answer('of-another-browser'));
  await heading('Accueil').waitFor();
  await expectSignedOut();
});

test('prompt=none: in without a page where somebody is signed in, else `login_required`', async () => {
  const answering = page.waitForRequest(/redirect_uri\?error=/);
  await open('/secure/silent/');
  const answer = new URL((await answering).url()).searchParams;
  expect(answer.get('error')).toBe('login_required');
  expect(answer.get('iss')).toBe(world.deps.config.issuer);
  // This version of the module asks once more then, with a page.
  await heading('Je sélectionne mon profil').waitFor();

  await page.goto(`${world.ent.origin}/connexion`);
  await button('Représentant légal').click();
  await typePassword();
  await page.getByText("Je suis connecté à l'ENT").waitFor();
  await open('/secure/silent/');
  await heading('Sans page').waitFor();
});

/** The service's pages, one of which shows its environment. */
function pagesOf(origin: string): Record<string, string> {
  const page = (title: string, body = '') =>
    `<!DOCTYPE html><html lang="fr"><title>${title}</title><h1>${title}</h1>${body}</html>`;
  const [signOut = ''] = codeBlocks(PAGE, 'html');
  return {
    'index.html': page('Accueil', '<a href="/secure/">Entrer</a>'),
    'secure/index.html': page(
      'Mon service',
      `<pre><!--#printenv --></pre>${filledIn(signOut, { 'https%3A%2F%2Fservice.example%2F': encodeURIComponent(`${origin}/`) })}`,
    ),
    'secure/primaire/index.html': page('Primaire'),
    'secure/silent/index.html': page('Sans page'),
  };
}
