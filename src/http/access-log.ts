import type { Logger } from 'pino';
import type { Context, Middleware } from './context.ts';

type Routed = { _matchedRoute?: string | RegExp; oidc?: { route?: string } };

/** A request that has been answered; nothing of it was typed by the visitor. */
export type Answered = { method: string; route: string; status: number; seconds: number };

/**
 * One line a request. The route's pattern stands for the address: the address of a mail link is itself a secret
 * (security.md 1.4), and a query may carry a code.
 * @param measure told the same
 */
export function accessLog(log: Logger, measure: (answered: Answered) => void = () => {}): Middleware {
  // These fields hold no secret, so none is looked for in them.
  const lines = log.child({}, { redact: [], serializers: {} });
  return async (ctx, next) => {
    const started = performance.now();
    try {
      await next();
    } finally {
      const ms = performance.now() - started;
      const { method, status } = ctx;
      const route = routeOf(ctx);
      lines.info(
        { requestId: ctx.state.requestId, method, route, status, ms: Math.round(ms * 100) / 100 },
        'request',
      );
      measure({ method, route, status, seconds: ms / 1000 });
    }
  };
}

/** The pattern that answered, the provider's name of its endpoint, or `unmatched`: never what was typed. */
function routeOf(ctx: Context): string {
  if (ctx.state.route !== undefined) return ctx.state.route;
  const { _matchedRoute, oidc } = ctx as Routed;
  if (oidc?.route !== undefined) return `oidc:${oidc.route}`;
  return _matchedRoute === undefined ? 'unmatched' : String(_matchedRoute);
}
