import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';
import { claimsPage } from '../../src/demo/relying-pages.ts';
import { type RelyingService, startRelyingService } from '../../src/demo/relying-service.ts';
import type { ServiceSettings } from '../../src/demo/relying-types.ts';

/** A provider of this test alone: whoever comes is Camille, unless the test says that he cancels. */
const ISSUER = 'http://localhost:23980';
const ENT = 'http://localhost:23983';
const LSU = 'http://localhost:23984';

const SETTINGS: Omit<
  ServiceSettings,
  'kind' | 'origin' | 'cookieName' | 'clientId' | 'scope' | 'connectedSentence'
> = {
  theme: { name: 'Essai', tagline: '', accent: '#000', tint: '#fff' },
  issuer: ISSUER,
  clientSecret: 'secret-of-the-sample-services',
};
const ent: ServiceSettings = {
  ...SETTINGS,
  kind: 'ent',
  origin: ENT,
  cookieName: 'ent_session',
  clientId: 'ent',
  scope: 'openid profile educonnect_eleves',
  connectedSentence: "Je suis connecté à l'ENT",
};
const lsu: ServiceSettings = {
  ...ent,
  kind: 'lsu',
  origin: LSU,
  cookieName: 'lsu_session',
  clientId: 'lsu',
  connectedSentence: 'Je suis connecté au livret scolaire',
};

const CLAIMS = {
  given_name: 'Camille',
  family_name: "D'ALMEIDA",
  name: "Camille D'ALMEIDA",
  eleves: [
    {
      given_name: 'Éléonore',
      family_name: '<i>X</i>',
      school: 'École Les Marronniers',
      class: 'CM1/2 D',
      level: 'CM1',
      ine: '090000007HJ',
    },
    {
      given_name: 'Tom',
      family_name: 'X',
      school: 'Collège',
      class: '6E1',
      level: '6EME',
      ine: '090000008HJ',
    },
  ],
};

let keys: { privateKey: Parameters<SignJWT['sign']>[0]; jwk: JWK };
let provider: Server | undefined;
let cancels = false;
const services: RelyingService[] = [];

beforeAll(async () => {
  jest.spyOn(console, 'warn').mockImplementation(() => {});
  jest.spyOn(console, 'info').mockImplementation(() => {});
  const pair = await generateKeyPair('RS256', { extractable: true });
  keys = {
    privateKey: pair.privateKey,
    jwk: { ...(await exportJWK(pair.privateKey)), kid: 'k1', alg: 'RS256', use: 'sig' },
  };
  services.push(await startRelyingService(ent), await startRelyingService(lsu));
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await stopProvider();
});
beforeEach(() => {
  cancels = false;
});

async function startProvider(): Promise<void> {
  const client = ({ origin, clientId, clientSecret }: ServiceSettings) => ({
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/deconnecte`],
    backchannel_logout_uri: `${origin}/deconnexion/canal`,
    backchannel_logout_session_required: true,
  });
  const op = new Provider(ISSUER, {
    clients: [client(ent), client(lsu)],
    jwks: { keys: [keys.jwk as never] },
    cookies: { keys: ['cookie-key-of-the-test'] },
    claims: { profile: ['given_name', 'family_name', 'name'], educonnect_eleves: ['eleves'] },
    scopes: ['openid', 'profile', 'educonnect_eleves'],
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    pkce: { required: () => true },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub, ...CLAIMS }) }),
    loadExistingGrant: async (ctx) => {
      const { Grant } = ctx.oidc.provider;
      const grant = new Grant({
        clientId: ctx.oidc.client?.clientId as string,
        accountId: ctx.oidc.session?.accountId as string,
      });
      grant.addOIDCScope('openid profile educonnect_eleves');
      await grant.save();
      return grant;
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    // The library's own fetch does not go to loopback.
    fetch: (url, { dispatcher: _guard, ...init }: RequestInit & { dispatcher?: unknown } = {}) =>
      fetch(url, init),
  });
  provider = createServer(async (req, res) => {
    if (!req.url?.startsWith('/interaction/')) return void op.callback()(req, res);
    const result = cancels
      ? { error: 'access_denied', error_description: 'annulé <par> le parent' }
      : { login: { accountId: 'camille' } };
    await op.interactionFinished(req, res, result);
  });
  await new Promise<void>((done) => provider?.listen(23980, 'localhost', done));
}

async function stopProvider(): Promise<void> {
  provider?.closeAllConnections();
  await new Promise((done) => (provider ? provider.close(done) : done(undefined)));
  provider = undefined;
}

/** A browser of one test: keeps cookies by name (as real ones do on one host, whatever the port), follows redirects. */
function createBrowser() {
  const cookies = new Map<string, string>();
  const seen: string[] = [];
  const visit = async (
    url: string,
    init: RequestInit = {},
  ): Promise<{ url: string; status: number; text: string }> => {
    seen.push(url);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', ...init, headers: { ...init.headers, cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location) return visit(new URL(location, url).href);
    return { url, status: answer.status, text: await answer.text() };
  };
  return { visit, cookies, seen };
}

test('while EduConnect is away the service says so, and finds it when it is back', async () => {
  const { visit } = createBrowser();
  expect(await visit(ENT)).toMatchObject({ status: 200 });
  const away = await visit(`${ENT}/connexion`);
  expect(away).toMatchObject({ status: 502, url: `${ENT}/connexion` });
  expect(away.text).toContain("La connexion n'a pas abouti".replace("'", '&#39;'));
  await startProvider();
  expect((await visit(`${ENT}/connexion`)).url).toBe(`${ENT}/accueil`);
});

test('the ENT asks for the kind of account, with the words of R-028', async () => {
  const { visit } = createBrowser();
  const { text } = await visit(ENT);
  const words = text
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('&#39;', "'");
  expect(words).toContain('Elève ou parent avec votre compte ÉduConnect');
  expect(words).toContain("Personnel de l'Education Nationale avec compte Esterel");
  expect(words).toContain('Autre compte');
  expect(words).toContain('Valider');
  expect((await visit(`${ENT}/choix?compte=esterel`)).status).toBe(400);
  expect((await visit(`${ENT}/choix`)).status).toBe(400);
  expect((await visit(`${ENT}/choix?compte=educonnect`)).text).toContain('Je suis connecté à l&#39;ENT');
});

test('the ENT goes through its own session page; children and claims are shown as text', async () => {
  const { visit, seen, cookies } = createBrowser();
  const { text } = await visit(`${ENT}/connexion?iss=${encodeURIComponent(ISSUER)}&login_hint=c.dalmeida`);
  const authorization = new URL(seen.find((url) => url.includes('/auth?')) as string);
  expect(authorization.searchParams.get('code_challenge_method')).toBe('S256');
  expect(authorization.searchParams.get('login_hint')).toBe('c.dalmeida');
  expect(seen.slice(-2)).toEqual([`${ENT}/accueil/session`, `${ENT}/accueil`]);
  expect(text).toContain('Bonjour Camille D&#39;ALMEIDA');
  expect(text).toContain('Éléonore');
  expect(text).toContain('CM1/2 D');
  expect(text).toContain('&lt;i&gt;X');
  expect(text).not.toContain('<i>X');
  expect([...cookies.keys()]).toContain('ent_session');
});

test('initiation by an issuer that is not ours is refused', async () => {
  const { visit } = createBrowser();
  expect((await visit(`${ENT}/connexion?iss=https://evil.example`)).status).toBe(400);
});

test('a second service needs no second login, and both sessions live side by side', async () => {
  const { visit } = createBrowser();
  await visit(`${ENT}/connexion`);
  const { text } = await visit(`${LSU}/connexion`);
  expect(text).toContain('Je suis connecté au livret scolaire');
  expect(text).toContain('090000007HJ');
  expect((await visit(`${ENT}/accueil`)).text).toContain('Bonjour Camille');
});

test('a cancelled login shows the error and what was said about it', async () => {
  cancels = true;
  const { visit } = createBrowser();
  const { status, text } = await visit(`${ENT}/connexion`);
  expect(status).toBe(403);
  expect(text).toContain('access_denied');
  expect(text).toContain('annulé &lt;par&gt; le parent');
});

test('an answer for another browser, a repeated one and a forged one are refused', async () => {
  const mine = createBrowser();
  await mine.visit(`${ENT}/connexion`);
  const callback = mine.seen.find((url) => url.startsWith(`${ENT}/callback`)) as string;
  expect((await createBrowser().visit(callback)).status).toBe(400);
  expect((await mine.visit(callback)).status).toBe(400);
  expect((await mine.visit(`${ENT}/callback?code=x&state=y`)).text).toContain('session_lost');
});

test('signing out ends the session here and at the provider', async () => {
  const { visit, seen } = createBrowser();
  await visit(`${ENT}/connexion`);
  await visit(`${ENT}/deconnexion`);
  const end = new URL(seen.find((url) => url.includes('/session/end')) as string);
  expect(end.searchParams.get('id_token_hint')).toMatch(/^ey/);
  expect(end.searchParams.get('post_logout_redirect_uri')).toBe(`${ENT}/deconnecte`);
  expect((await visit(`${ENT}/accueil`)).url).toBe(`${ENT}/`);
});

test('an address that is no page of the service says so in French', async () => {
  const { visit } = createBrowser();
  const { status, text } = await visit(`${ENT}/nulle-part`);
  expect([status, text.includes('Page introuvable')]).toEqual([404, true]);
});

async function logoutToken(payload: Record<string, unknown>, audience = 'lsu'): Promise<string> {
  return new SignJWT({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, ...payload })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'logout+jwt' })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setIssuedAt()
    .setJti('1')
    .sign(keys.privateKey);
}

test('a logout by the back channel ends the session it names and no other; forged ones end nothing', async () => {
  const [one, other] = [createBrowser(), createBrowser()];
  await one.visit(`${LSU}/connexion`);
  await other.visit(`${LSU}/connexion`);
  const page = (await one.visit(`${LSU}/accueil`)).text;
  const sid = /&quot;sid&quot;: &quot;([^&]+)&quot;/.exec(page)?.[1];
  expect(sid).toBeDefined();
  const tell = async (token: string) =>
    fetch(`${LSU}/deconnexion/canal`, { method: 'POST', body: new URLSearchParams({ logout_token: token }) });

  const good = await logoutToken({ sid });
  const broken = `${good.slice(0, -8)}AAAAAAAA`;
  for (const bad of [
    '',
    broken,
    await logoutToken({ sid }, 'ent'),
    await logoutToken({ sid, events: {} }),
    await logoutToken({ sid, nonce: 'n' }),
  ])
    expect((await tell(bad)).status).toBe(400);
  expect((await one.visit(`${LSU}/accueil`)).url).toBe(`${LSU}/accueil`);

  expect((await tell(good)).status).toBe(200);
  expect((await one.visit(`${LSU}/accueil`)).url).toBe(`${LSU}/`);
  expect((await other.visit(`${LSU}/accueil`)).url).toBe(`${LSU}/accueil`);
});

test('a sign-in that has begun outlives the logout of the person before', async () => {
  const { visit, cookies } = createBrowser();
  const page = (await visit(`${LSU}/connexion`)).text;
  const sid = /&quot;sid&quot;: &quot;([^&]+)&quot;/.exec(page)?.[1];
  const cookie = `lsu_session=${cookies.get('lsu_session')}`;
  const begun = await fetch(`${LSU}/connexion`, { redirect: 'manual', headers: { cookie } });
  cookies.set('lsu_session', /lsu_session=([^;]+)/.exec(begun.headers.get('set-cookie') ?? '')?.[1] ?? '');
  const told = new URLSearchParams({ logout_token: await logoutToken({ sid }) });
  expect((await fetch(`${LSU}/deconnexion/canal`, { method: 'POST', body: told })).status).toBe(200);
  expect((await visit(`${LSU}/accueil`)).url).toBe(`${LSU}/`);
  expect((await visit(begun.headers.get('location') ?? '')).url).toBe(`${LSU}/accueil`);
});

test('a pupil reads of his own schooling, in an « établissement »', () => {
  const claims = { name: 'Tom X', FrEduCtPersonAffiliation: ['eleve2d'] };
  const pupil = claimsPage(lsu, { ...claims, eleves: [{ degree: 2, school: 'Collège des Tilleuls' }] });
  expect(pupil).toContain('Votre scolarité');
  expect(pupil).toContain('<dt>Établissement</dt><dd>Collège des Tilleuls</dd>');
  expect(pupil).not.toContain('Votre enfant');
  expect(claimsPage(lsu, { ...claims, eleves: [] })).not.toContain('enfant');
});
