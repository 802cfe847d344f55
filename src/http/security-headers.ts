import helmet from 'koa-helmet';
import type { Config } from '../config.ts';
import type { Middleware } from './context.ts';

const YEAR_S = 365 * 24 * 60 * 60;

/**
 * The headers of every answer, errors included (F04). No inline script or style, nothing from elsewhere.
 * `form-action` names https as a whole: a form's answer redirects to the service, which redirects once more, and
 * the browser holds the form's policy against each of these steps.
 */
export function securityHeaders(config: Pick<Config, 'secure' | 'HTTP_LOOPBACK_CLIENTS'>): Middleware {
  const loopback = config.HTTP_LOOPBACK_CLIENTS ? ['http://localhost:*', 'http://127.0.0.1:*'] : [];
  const policy = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'", 'https:', ...loopback],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: config.secure ? { maxAge: YEAR_S, includeSubDomains: true } : false,
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    // Services fetch keys and user information from their own pages' origins where they are allowed to.
    crossOriginResourcePolicy: false,
    crossOriginEmbedderPolicy: false,
    xFrameOptions: { action: 'deny' },
  }) as unknown as Middleware;
  return (ctx, next) =>
    policy(ctx, () => {
      ctx.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
      // Until whoever answers says otherwise (assets, keys): nothing of a person is kept by a cache.
      ctx.set('Cache-Control', 'no-store');
      return next();
    });
}
