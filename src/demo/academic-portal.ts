import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Router from '@koa/router';
import Koa from 'koa';
import mount from 'koa-mount';
import { type JWK, Provider } from 'oidc-provider';
import { deskPage, errorPage, signInPage } from './academic-portal-pages.ts';
import { type PortalPerson, WITHOUT_KEY } from './academic-portal-people.ts';
import { type PortalClient, portalRules } from './academic-portal-rules.ts';
import { listenAt } from './listen.ts';
import { memoryAdapter } from './memory-adapter.ts';

/** A simulator of the portal of an académie (ARENA): a provider of OpenID Connect with sample staff. */

export type PortalSettings = {
  /** Such as `http://localhost:3002`; it is the issuer. */
  origin: string;
  client: PortalClient | null;
  people: readonly PortalPerson[];
  /** The directors' module, as the portal's list of applications links to it (R-025). */
  adminUrl: string;
};

export type PortalSimulator = {
  issuer: string;
  app: Koa;
  /** From now on the portal knows somebody otherwise, or not at all. */
  change(login: string, to: Partial<PortalPerson> | null): void;
  /** From now on another key signs. */
  rotateKey(): void;
};

/** The simulator as a Koa application that does not listen. */
export function createPortalSimulator(settings: PortalSettings): PortalSimulator {
  const issuer = settings.origin;
  const people = new Map(settings.people.map((person) => [person.login, person]));
  const cookieKeys = [randomBytes(32).toString('base64url')];
  const adapter = memoryAdapter();
  let generation = 0;
  const build = () =>
    new Provider(
      issuer,
      portalRules({
        client: settings.client,
        keys: [newKey(`portail-${generation}`)],
        cookieKeys,
        adapter,
        personOf: (login) => people.get(login),
      }),
    );
  let provider = build();
  let handler = mount('/', provider);

  const app = new Koa();
  app.keys = cookieKeys;
  app.silent = true;
  app.use(async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Referrer-Policy', 'no-referrer');
    await next();
  });
  app.use(visitorRoutes(() => provider, people).routes());
  app.use((ctx, next) => {
    if (ctx.path !== '/') return next();
    ctx.type = 'html';
    ctx.body = deskPage([...people.values()], settings.adminUrl);
  });
  app.use((ctx, next) => handler(ctx, next));
  return {
    issuer,
    app,
    change(login, to) {
      const before = people.get(login);
      if (to === null) people.delete(login);
      else if (before) people.set(login, { ...before, ...to });
    },
    rotateKey() {
      generation += 1;
      provider = build();
      handler = mount('/', provider);
    },
  };
}

/** @throws Error (EADDRINUSE) when the port is taken */
export async function startPortal(
  settings: PortalSettings,
  { host }: { host?: string } = {},
): Promise<PortalSimulator & { stop(): Promise<void> }> {
  const simulator = createPortalSimulator(settings);
  return { ...simulator, stop: await listenAt(simulator.app, settings.origin, host) };
}

function newKey(kid: string): JWK {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...(privateKey.export({ format: 'jwk' }) as JWK), kid, alg: 'RS256', use: 'sig' };
}

/** The pages of a sign-in: an identifier, nothing else. */
function visitorRoutes(provider: () => Provider, people: ReadonlyMap<string, PortalPerson>): Router {
  const router = new Router();
  const at = (uid: string) => ({
    action: `/interaction/${uid}/login`,
    cancel: `/interaction/${uid}/cancel`,
  });
  const details = (ctx: Koa.Context) => provider().interactionDetails(ctx.req, ctx.res);
  const finish = async (ctx: Koa.Context, result: Parameters<Provider['interactionResult']>[2]) => {
    const to = await provider().interactionResult(ctx.req, ctx.res, result);
    ctx.status = 303;
    ctx.redirect(to);
  };

  router.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      // The page was loaded after the sign-in was over, or in another browser.
      if ((error as Error).name !== 'SessionNotFound') throw error;
      ctx.status = 400;
      ctx.type = 'html';
      ctx.body = errorPage('session_not_found', 'Votre connexion a expiré.');
    }
  });
  router.get('/interaction/:uid', async (ctx) => {
    const { uid } = await details(ctx);
    ctx.type = 'html';
    ctx.body = signInPage(at(uid));
  });
  router.post('/interaction/:uid/login', async (ctx) => {
    const { uid } = await details(ctx);
    const typed = new URLSearchParams(await readBody(ctx)).get('login')?.trim().toLowerCase() ?? '';
    const login = typed.endsWith(WITHOUT_KEY) ? typed.slice(0, -WITHOUT_KEY.length) : typed;
    const person = people.get(login);
    if (person) {
      const amr = person.key && login === typed ? ['pwd', 'otp'] : ['pwd'];
      return finish(ctx, { login: { accountId: login, amr } });
    }
    ctx.status = 400;
    ctx.type = 'html';
    ctx.body = signInPage(at(uid), 'Cet identifiant est inconnu.');
  });
  router.get('/interaction/:uid/cancel', async (ctx) => {
    await details(ctx);
    await finish(ctx, { error: 'access_denied', error_description: 'user authentication aborted' });
  });
  return router;
}

async function readBody(ctx: Koa.Context): Promise<string> {
  let text = '';
  for await (const chunk of ctx.req) {
    text += String(chunk);
    if (text.length > 16_384) throw new Error('the request is too large');
  }
  return text;
}
