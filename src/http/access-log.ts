import type { Logger } from 'pino';
import type { Context, Middleware } from './context.ts';

type Routed = { _matchedRoute?: string | RegExp; oidc?: { route?: string } };

/**
 * One line a request. The route's pattern stands for the address: the address of a mail link is itself a secret
 * (security.md 1.4), and a query may carry a code.
 */
export function accessLog(log: Logger): Middleware {
  return async (ctx, next) => {
    const started = process.hrtime.bigint();
    try {
      await next();
    } finally {
      const ms = Number((process.hrtime.bigint() - started) / 10_000n) / 100;
      log.info(
        { requestId: ctx.state.requestId, method: ctx.method, route: routeOf(ctx), status: ctx.status, ms },
        'request',
      );
    }
  };
}

/** The pattern that answered, the provider's name of its endpoint, or `unmatched`: never what was typed. */
export function routeOf(ctx: Context): string {
  if (ctx.state.route !== undefined) return ctx.state.route;
  const { _matchedRoute, oidc } = ctx as Routed;
  if (oidc?.route !== undefined) return `oidc:${oidc.route}`;
  return _matchedRoute === undefined ? 'unmatched' : String(_matchedRoute);
}
