import type { Config } from '../config.ts';

type Fetch = typeof fetch;

/** The library gives up after 2.5 s; a service that is slow at a logout must not hold the person that long (A17). */
const AT_MOST_MS = 1500;

/**
 * Our requests to services (back-channel logout, key sets). The library hands over a dispatcher that refuses
 * addresses of private networks (SSRF); origins of TRUSTED_CLIENT_ORIGINS go without it. Where the guard could not
 * be set up, nothing else is let out.
 */
export function guardedFetch({ TRUSTED_CLIENT_ORIGINS }: Pick<Config, 'TRUSTED_CLIENT_ORIGINS'>): Fetch {
  const trusted = new Set(TRUSTED_CLIENT_ORIGINS.map((origin) => new URL(origin).origin));
  return async (url, options = {}) => {
    const { dispatcher, ...plain } = options as RequestInit & { dispatcher?: unknown };
    const { origin } = new URL(url instanceof Request ? url.url : url);
    if (!trusted.has(origin) && !dispatcher) throw new Error(`no guard for requests to ${origin}`);
    const late = AbortSignal.timeout(AT_MOST_MS);
    const signal = plain.signal ? AbortSignal.any([plain.signal, late]) : late;
    const guard = trusted.has(origin) ? {} : { dispatcher };
    return fetch(url, { ...plain, ...guard, signal } as RequestInit);
  };
}
