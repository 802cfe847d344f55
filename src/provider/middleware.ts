import type { KoaContextWithOIDC } from 'oidc-provider';
import { isDatabaseUnavailable } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import type { Context, Middleware, Next } from '../http/context.ts';
import { parseBody } from '../http/form.ts';
import { offerLanguage } from '../http/language.ts';
import { seeOther, showPage } from '../http/page.ts';
import type { IntegratorErrorPage } from '../http/pages.ts';
import { ROUTES } from './configuration.ts';
import { throughFranceConnect } from './franceconnect-logout.ts';
import type { SealedIdToken } from './franceconnect-store.ts';
import type { ClaimedNotice } from './notice-store.ts';
import type { Notices } from './notices.ts';
import { logoutForm, type Pages } from './pages.ts';
import { asUnit, inUnit, type Unit, type UnitKind } from './unit-of-work.ts';

export const MOUNT = '/oidc';

/** Endpoints that programs call: they are answered in JSON, and never by a page of another origin. */
const PROGRAMS: string[] = [
  ROUTES.token,
  ROUTES.userinfo,
  ROUTES.revocation,
  ROUTES.pushed_authorization_request,
];
/** Endpoints that a form may be posted to (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 2). */
const POSTED: string[] = [ROUTES.authorization, ROUTES.end_session];
const RETRY_AFTER_S = 5;

type Parts = {
  deps: Deps;
  pages: Pages;
  notices: Notices;
  /** The library, mounted; changes when the signing keys do. */
  handler: () => Middleware;
};

/** What stands between our application and the library: one unit of work a request, and no page of the library's. */
export function providerMiddleware(parts: Parts): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== MOUNT && !ctx.path.startsWith(`${MOUNT}/`)) return next();
    const path = ctx.path.slice(MOUNT.length);
    // The library's router forgives case and slashes; what stands around it does not, so neither may pass.
    if (!isRoute(path)) return next();
    // A request line with a whole address in it would otherwise name the host that discovery speaks of.
    if (!ctx.originalUrl.startsWith('/')) ctx.originalUrl = ctx.request.originalUrl = ctx.path + ctx.search;
    offerLanguage(ctx, 'service', ctx.query.ui_locales);
    if (ctx.method === 'POST' && POSTED.includes(path)) return postedAsGet(parts.deps, ctx);
    if (path === ROUTES.authorization && refusesResponseMode(parts.deps, ctx)) return;
    try {
      await answer(parts, ctx, path, next);
    } catch (error) {
      fail(parts.deps, ctx, path, error);
    }
    if (PROGRAMS.includes(path)) withoutCors(ctx);
    if (path.startsWith('/.well-known/')) describe(ctx);
  };
}

const PATHS = new Set([
  ...Object.values(ROUTES),
  `${ROUTES.end_session}/confirm`,
  `${ROUTES.end_session}/success`,
  '/.well-known/openid-configuration',
]);

/** True for exactly the addresses that we serve, and for the one to which a sign-in returns. */
function isRoute(path: string): boolean {
  return PATHS.has(path) || /^\/auth\/[\w-]+$/.test(path);
}

async function answer(
  { deps, pages, notices, handler }: Parts,
  ctx: Context,
  path: string,
  next: Next,
): Promise<void> {
  const kind = unitKind(path);
  if (kind === undefined) {
    await handler()(ctx, next);
    return;
  }
  const policy = ctx.res.getHeader('Content-Security-Policy');
  let idToken: SealedIdToken | undefined;
  let untold: ClaimedNotice[] = [];
  const work = async (unit: Unit) => {
    await handler()(ctx, next);
    replacePages(deps, pages, ctx as unknown as KoaContextWithOIDC, unit);
    idToken = unit.idToken;
    const over = unit.notices;
    if (over.length > 0) untold = await inUnit(deps, (db) => notices.queue(db, over));
  };
  const committed = await asUnit(
    deps,
    ctx,
    { kind, path, clientId: clientIdOf(ctx) },
    work,
    () => ctx.status >= 500,
  );
  // The library allows its own inline script there; no page of ours has one.
  if (policy !== undefined) ctx.res.setHeader('Content-Security-Policy', policy);
  if (committed && untold.length > 0) await notices.send(untold);
  if (idToken === undefined) return;
  const to = ctx.response.get('Location');
  if (to !== '') seeOther(ctx, await throughFranceConnect(deps, idToken, to));
}

function clientIdOf(ctx: Context): string {
  const { client_id: id } = ctx.query;
  return typeof id === 'string' ? id : '';
}

const CHANGING: string[] = [
  ROUTES.token,
  ROUTES.revocation,
  ROUTES.pushed_authorization_request,
  ROUTES.authorization,
];

function unitKind(path: string): UnitKind | undefined {
  if (path === ROUTES.userinfo) return 'reading';
  if (CHANGING.includes(path) || path.startsWith(`${ROUTES.authorization}/`)) return 'changing';
  return path.startsWith(ROUTES.end_session) ? 'changing' : undefined;
}

/** The parameters of a form become those of the address; nothing of it is trusted more than a link would be (A11). */
async function postedAsGet({ config }: Pick<Deps, 'config'>, ctx: Context): Promise<void> {
  const form = await parseBody(ctx.req);
  const query = new URLSearchParams([...form]);
  seeOther(ctx, `${config.issuer}${ctx.path.slice(MOUNT.length)}?${query}`);
}

/** Only `query`: the others leave the code in scripts or need a page with a script. */
function refusesResponseMode(deps: Pick<Deps, 'render'>, ctx: Context): boolean {
  const mode = ctx.query.response_mode;
  if (mode === undefined || mode === '' || mode === 'query') return false;
  const page: IntegratorErrorPage = {
    code: 'EC-400-SERVICE',
    requestId: ctx.state.requestId,
    error: 'unsupported_response_mode',
    description: 'response_mode must be query',
    clientId: clientIdOf(ctx) || null,
    address: null,
  };
  showPage(deps, ctx, 'oidc/integrator-error', page, 400);
  return true;
}

/**
 * The library has two pages that send themselves by script. A logout with nobody signed in needs no page at all; a
 * sign-in while somebody else is signed in (F09) asks on a page of ours.
 */
function replacePages(
  { config }: Pick<Deps, 'config'>,
  pages: Pages,
  ctx: KoaContextWithOIDC,
  unit: Unit,
): void {
  const { session, route } = ctx.oidc ?? {};
  const state = session?.state as Record<string, string | undefined> | undefined;
  if (!session || !state || ctx.status !== 200) return;
  if (route === 'end_session' && session.accountId === undefined) {
    ctx.remove('Set-Cookie');
    const to = new URL(state.postLogoutRedirectUri ?? `${config.issuer}${ROUTES.end_session}/success`);
    if (state.postLogoutRedirectUri === undefined) {
      if (state.clientId) to.searchParams.set('client_id', state.clientId);
    } else if (state.state !== undefined) to.searchParams.set('state', state.state);
    seeOther(ctx as unknown as Context, to.href);
  }
  if (route === 'resume' && session.accountId !== undefined) {
    const person = unit.persons.get(session.accountId);
    const form = logoutForm(`${config.issuer}${ROUTES.end_session}/confirm`, state.secret ?? '');
    const name = person ? `${person.givenName} ${person.familyName}` : '';
    pages.otherPerson(ctx as unknown as Context, { form, name });
  }
}

/** @throws the error again for visitors, whose error page is shown outside */
function fail({ log }: Pick<Deps, 'log'>, ctx: Context, path: string, error: unknown): void {
  ctx.remove('Set-Cookie');
  ctx.remove('Location');
  if (!PROGRAMS.includes(path)) throw error;
  const away = isDatabaseUnavailable(error);
  log.error({ err: error, requestId: ctx.state.requestId }, 'request of a service failed');
  ctx.status = away ? 503 : 500;
  if (away) ctx.set('Retry-After', String(RETRY_AFTER_S));
  ctx.body = { error: away ? 'temporarily_unavailable' : 'server_error' };
}

function withoutCors(ctx: Context): void {
  for (const name of ctx.res.getHeaderNames()) {
    if (name.startsWith('access-control-')) ctx.res.removeHeader(name);
  }
}

/** Discovery says what is really supported (A02). */
function describe(ctx: Context): void {
  const document = ctx.body as Record<string, unknown> | undefined;
  if (document?.response_modes_supported) document.response_modes_supported = ['query'];
}
