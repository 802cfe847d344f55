import type { Config } from '../config.ts';
import type { Middleware } from './context.ts';

type Settings = Pick<Config, 'HTTP_LOOPBACK_CLIENTS' | 'FRANCECONNECT_ISSUER' | 'ACADEMIC_PORTAL_ISSUER'>;

const YEAR_S = 365 * 24 * 60 * 60;

/**
 * The headers of every answer, errors included (F04). No inline script or style, nothing from elsewhere.
 * They are the same each time, so they are written out once, when the server starts.
 */
export function securityHeaders(config: Settings & Pick<Config, 'secure'>): Middleware {
  const headers: [name: string, value: string][] = [
    ['Content-Security-Policy', contentPolicy(config)],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Origin-Agent-Cluster', '?1'],
    ['Referrer-Policy', 'no-referrer'],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-DNS-Prefetch-Control', 'off'],
    ['X-Download-Options', 'noopen'],
    ['X-Frame-Options', 'DENY'],
    ['X-XSS-Protection', '0'],
    ['X-Permitted-Cross-Domain-Policies', 'none'],
    ['Permissions-Policy', 'camera=(), geolocation=(), microphone=()'],
    // Until whoever answers says otherwise (assets, keys): nothing of a person is kept by a cache.
    ['Cache-Control', 'no-store'],
  ];
  if (config.secure) headers.push(['Strict-Transport-Security', `max-age=${YEAR_S}; includeSubDomains`]);
  return (ctx, next) => {
    for (const [name, value] of headers) ctx.res.setHeader(name, value);
    return next();
  };
}

/**
 * `form-action` names https as a whole: a form's answer redirects to the service, which redirects once more, and the
 * browser holds the form's policy against each of these steps. So does FranceConnect, to the identity provider that
 * the visitor chooses; configuration lets plain http through on loopback only.
 */
function contentPolicy(config: Settings): string {
  const parties = [config.FRANCECONNECT_ISSUER, config.ACADEMIC_PORTAL_ISSUER]
    .filter((issuer) => issuer?.startsWith('http:'))
    .map((issuer) => ` ${new URL(issuer ?? '').origin}`);
  const loopback = config.HTTP_LOOPBACK_CLIENTS ? ' http://localhost:* http://127.0.0.1:*' : parties.join('');
  return [
    "default-src 'none'",
    ...['script', 'style', 'img', 'font', 'connect'].map((kind) => `${kind}-src 'self'`),
    `form-action 'self' https:${loopback}`,
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}
