import { isDatabaseUnavailable } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import { type Context, type Middleware, visitor } from './context.ts';
import { renderFor } from './page.ts';
import type { ErrorPage, StaffErrorFrame } from './pages.ts';

/**
 * Every error that a visitor can see, with the code that he reads to the help desk. The first number is the HTTP
 * status; codes are never given a new meaning. Their sentences are in `views/locales/fr.json`.
 */
const ERROR_CODES = {
  /** The request cannot be read: malformed address, field twice, nested field, bytes that are not UTF-8. */
  'EC-400-REQUEST': 400,
  /** The sign-in is over, was begun in another browser, or never was. */
  'EC-400-LOST': 400,
  /** A relying service's request cannot be answered to the service itself (provider/pages.ts). */
  'EC-400-SERVICE': 400,
  /** The form was not made by us for this visitor. */
  'EC-403-CSRF': 403,
  'EC-404-PAGE': 404,
  'EC-405-METHOD': 405,
  'EC-413-SIZE': 413,
  /** Too many sign-ins from one address. */
  'EC-429-RATE': 429,
  /** Something is broken: the log has the reason under the request's id. */
  'EC-500-FAULT': 500,
  /** More passwords are being checked than this process can. */
  'EC-503-BUSY': 503,
  /** The database is away, frozen or read-only. */
  'EC-503-DB': 503,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Thrown by a door to show an error page. */
export class Fault extends Error {
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  constructor(code: ErrorCode, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(code, { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

const RETRY_AFTER_S = 10;

/** The one place where errors become answers: a page for people, JSON for programs, never a stack. */
export function errorPages(deps: Pick<Deps, 'render' | 'log'>): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status >= 400 && (ctx.body === undefined || ctx.body === null) && !ctx.headerSent)
        throw new Fault(codeOfStatus(ctx.status));
    } catch (error) {
      const code = codeOf(error);
      const { requestId } = ctx.state;
      if (ERROR_CODES[code] >= 500) deps.log.error({ err: error, requestId, code }, 'request failed');
      showError(deps, ctx, code, error instanceof Fault ? error.retryAfterSeconds : undefined);
    }
  };
}

function showError(
  deps: Pick<Deps, 'render' | 'log'>,
  ctx: Context,
  code: ErrorCode,
  retryAfterSeconds: number | undefined,
): void {
  const status = ERROR_CODES[code];
  const { requestId } = visitor(ctx);
  ctx.remove('Content-Encoding');
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  if (status === 503 || status === 429) ctx.set('Retry-After', String(retryAfterSeconds ?? RETRY_AFTER_S));
  if (ctx.accepts('html', 'json') === 'json') {
    ctx.body = { error: code, requestId };
    return;
  }
  const page: ErrorPage = { code, status, requestId, frame: staffFrame(ctx.path) };
  try {
    ctx.body = renderFor(deps, ctx, 'errors/error', page);
    ctx.type = 'html';
  } catch (error) {
    deps.log.error({ err: error, requestId }, 'the error page cannot be rendered');
    ctx.body = `EduConnect : erreur ${code}\n`;
    ctx.type = 'text/plain; charset=utf-8';
  }
}

/** The staff's pages and the families' are two applications to those who use them. */
function staffFrame(path: string): StaffErrorFrame | null {
  if (!/^\/admin(\/|$)/.test(path)) return null;
  const module = /^\/admin\/depannage(\/|$)/.test(path) ? 'troubleshooting' : 'administration';
  const homeHref = module === 'administration' ? '/admin' : '/admin/depannage';
  return { module, homeHref, user: null, school: null, tabs: [], signOut: null };
}

/** The code of anything thrown: ours, Koa's and the router's (which carry a status), the database's, a defect. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof Fault) return error.code;
  if (isDatabaseUnavailable(error)) return 'EC-503-DB';
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  if (typeof status === 'number' && expose === true) return codeOfStatus(status);
  // decodeURIComponent in the router, on an address such as /%E0%A4%A
  if (error instanceof URIError) return 'EC-400-REQUEST';
  return 'EC-500-FAULT';
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 403) return 'EC-403-CSRF';
  if (status === 404) return 'EC-404-PAGE';
  if (status === 405 || status === 501) return 'EC-405-METHOD';
  if (status === 413) return 'EC-413-SIZE';
  if (status === 429) return 'EC-429-RATE';
  return status < 500 ? 'EC-400-REQUEST' : 'EC-500-FAULT';
}
