import Router from '@koa/router';
import Koa from 'koa';
import { listenAt } from './listen.ts';
import { claimsPage, errorPage, homePage, notFoundPage, signedOutPage } from './relying-pages.ts';
import { createSignIn, type SignIn, SignInError } from './relying-sign-in.ts';
import type { ServiceSettings, Visit } from './relying-types.ts';
import { createVisits, type Visits } from './relying-visits.ts';

/**
 * A sample service that lets parents in with EduConnect, as real ones do: one program, run as an ENT and as LSU.
 * It knows EduConnect by its issuer alone.
 */

export type RelyingService = { stop(): Promise<void> };

const SIGN_IN_WITHIN_MS = 60 * 60 * 1000;
/** Sign-ins that one browser may have under way at once. */
const TABS = 5;
const SIGNED_IN_FOR_MS = 8 * 60 * 60 * 1000;

type State = { visit: Visit; key: string };
type Context = Koa.ParameterizedContext<State>;

/** Starts the service; EduConnect need not be there yet. @throws Error (EADDRINUSE) when the port is taken */
export async function startRelyingService(
  settings: ServiceSettings,
  { host }: { host?: string } = {},
): Promise<RelyingService> {
  return { stop: await listenAt(createRelyingService(settings), settings.origin, host) };
}

/** The service as a Koa application that does not listen. */
export function createRelyingService(settings: ServiceSettings): Koa<State> {
  const signIn = createSignIn(settings);
  const visits = createVisits<Visit>({ limit: 5000, lifetimeMs: SIGNED_IN_FOR_MS });
  const app = new Koa<State>();
  app.silent = true;
  app.use(async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    );
    try {
      await next();
    } catch (error) {
      const fault = SignInError.from(error);
      ctx.status = fault.status;
      ctx.type = 'html';
      ctx.body = errorPage(settings, fault);
    }
  });
  app.use(async (ctx, next) => {
    ctx.state.key = ctx.cookies.get(settings.cookieName) ?? '';
    ctx.state.visit = visits.find(ctx.state.key) ?? {};
    await next();
  });
  app.use(routes(settings, signIn, visits).routes());
  app.use((ctx) => {
    ctx.status = 404;
    ctx.type = 'html';
    ctx.body = notFoundPage(settings);
  });
  return app;
}

function routes(settings: ServiceSettings, signIn: SignIn, visits: Visits<Visit>): Router<State> {
  const router = new Router<State>();
  const show = (ctx: Context, page: string) => {
    ctx.type = 'html';
    ctx.body = page;
  };
  /** A new key at each change of who is there, so that an old cookie is worth nothing. */
  const remember = (ctx: Context, visit: Visit) => {
    visits.forget(ctx.state.key);
    const key = visits.keep(visit);
    ctx.cookies.set(settings.cookieName, key, { httpOnly: true, sameSite: 'lax', overwrite: true });
  };

  router.get('/', (ctx) =>
    show(
      ctx,
      ctx.state.visit.person ? claimsPage(settings, ctx.state.visit.person.claims) : homePage(settings),
    ),
  );
  router.get('/choix', (ctx) => {
    if (ctx.query.compte === 'educonnect') return ctx.redirect('/connexion');
    const absent = typeof ctx.query.compte === 'string';
    ctx.status = 400;
    show(
      ctx,
      homePage(settings, absent ? "Ce compte n'existe pas dans l'exemple." : 'Choisissez votre compte.'),
    );
  });
  // Where « Se connecter » leads, and what is registered as initiate_login_uri (OpenID Connect Core 4).
  router.get('/connexion', async (ctx) => {
    const { iss, login_hint: hint, prompt } = ctx.query;
    if (iss !== undefined && iss !== settings.issuer)
      throw new SignInError('unknown_issuer', 'Cet émetteur est inconnu.', 400);
    const { address, pending } = await signIn.begin({
      ...(typeof hint === 'string' ? { login_hint: hint } : {}),
      ...(typeof prompt === 'string' ? { prompt } : {}),
    });
    const others = (ctx.state.visit.pending ?? []).slice(0, TABS - 1);
    const mine = { ...pending, until: Date.now() + SIGN_IN_WITHIN_MS };
    remember(ctx, { ...ctx.state.visit, pending: [mine, ...others] });
    ctx.redirect(address);
  });
  router.get('/callback', async (ctx) => {
    const { pending = [], ...visit } = ctx.state.visit;
    const mine = pending.find(({ state, until }) => state === ctx.query.state && until > Date.now());
    const person = await signIn.finish(new URL(ctx.url, settings.origin), mine);
    remember(ctx, { ...visit, person });
    // Real ENTs go through their own session page before they show anything.
    ctx.redirect(settings.kind === 'ent' ? '/accueil/session' : '/accueil');
  });
  router.get('/accueil/session', (ctx) => ctx.redirect('/accueil'));
  router.get('/accueil', (ctx) => {
    const { person } = ctx.state.visit;
    if (!person) return ctx.redirect('/');
    show(ctx, claimsPage(settings, person.claims));
  });
  router.get('/deconnexion', async (ctx) => {
    const { person } = ctx.state.visit;
    visits.forget(ctx.state.key);
    if (!person) return ctx.redirect('/deconnecte');
    ctx.redirect(await signIn.endSessionAddress(person.idToken));
  });
  router.get('/deconnecte', (ctx) => show(ctx, signedOutPage(settings)));
  router.post('/deconnexion/canal', async (ctx) => {
    const told = await signIn.readLogoutToken(ctx.req);
    // A sign-in under way in the same browser goes on: it is often what ended the session (a change of person).
    const ended = visits.changeWhere(
      ({ person }) => person !== undefined && (told.sid ? person.sid === told.sid : person.sub === told.sub),
      ({ person: _gone, ...rest }) => rest,
    );
    ctx.type = 'text';
    ctx.body = `${ended}`;
  });
  router.get('/healthz', (ctx) => {
    ctx.body = 'ok';
  });
  return router;
}
