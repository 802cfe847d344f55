import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'koa-helmet';
import type { Config } from '../config.ts';
import type { Middleware } from './context.ts';

type Settings = Pick<
  Config,
  'secure' | 'HTTP_LOOPBACK_CLIENTS' | 'FRANCECONNECT_ISSUER' | 'ACADEMIC_PORTAL_ISSUER'
>;

const YEAR_S = 365 * 24 * 60 * 60;

/**
 * The headers of every answer, errors included (F04). No inline script or style, nothing from elsewhere.
 * They are the same each time: the library is asked once, when the server starts.
 */
export function securityHeaders(config: Settings): Middleware {
  const headers = Object.entries({
    ...headersOf(policyOf(config)),
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    // Until whoever answers says otherwise (assets, keys): nothing of a person is kept by a cache.
    'cache-control': 'no-store',
  });
  return (ctx, next) => {
    for (const [name, value] of headers) ctx.res.setHeader(name, value);
    return next();
  };
}

/** What the library writes into an answer that nobody gets; it does so before it first waits. */
function headersOf(policy: Middleware): Record<string, string> {
  const req = new IncomingMessage(new Socket());
  const res = new ServerResponse(req);
  void policy(
    { req, res, request: { secure: true } } as unknown as Parameters<Middleware>[0],
    async () => {},
  );
  return res.getHeaders() as Record<string, string>;
}

/**
 * `form-action` names https as a whole: a form's answer redirects to the service, which redirects once more, and the
 * browser holds the form's policy against each of these steps. So does FranceConnect, to the identity provider that
 * the visitor chooses; configuration lets plain http through on loopback only.
 */
function policyOf(config: Settings): Middleware {
  const parties = [config.FRANCECONNECT_ISSUER, config.ACADEMIC_PORTAL_ISSUER]
    .filter((issuer) => issuer?.startsWith('http:'))
    .map((issuer) => new URL(issuer ?? '').origin);
  const loopback = config.HTTP_LOOPBACK_CLIENTS ? ['http://localhost:*', 'http://127.0.0.1:*'] : parties;
  return helmet({
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
}
