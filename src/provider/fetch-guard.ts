import type { Config } from '../config.ts';

type Fetch = typeof fetch;

/** The library gives up after 2.5 s; a service that is slow at a logout must not hold the person that long (A17). */
const AT_MOST_MS = 1500;

/** @param hostname as `URL` gives it */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/**
 * Our requests to services (back-channel logout, key sets). The library hands over a dispatcher that refuses
 * addresses of private networks (SSRF); origins of TRUSTED_CLIENT_ORIGINS go without it, and so do services on
 * loopback where HTTP_LOOPBACK_CLIENTS allows them (demo). Where the guard could not be set up, nothing else is let out.
 */
export function guardedFetch(
  config: Pick<Config, 'TRUSTED_CLIENT_ORIGINS' | 'HTTP_LOOPBACK_CLIENTS'>,
): Fetch {
  const listed = new Set(config.TRUSTED_CLIENT_ORIGINS.map((origin) => new URL(origin).origin));
  const isTrusted = ({ origin, hostname }: URL) =>
    listed.has(origin) || (config.HTTP_LOOPBACK_CLIENTS && isLoopback(hostname));
  return async (url, options = {}) => {
    const { dispatcher, ...plain } = options as RequestInit & { dispatcher?: unknown };
    const address = new URL(url instanceof Request ? url.url : url);
    const trusted = isTrusted(address);
    if (!trusted && !dispatcher) throw new Error(`no guard for requests to ${address.origin}`);
    const late = AbortSignal.timeout(AT_MOST_MS);
    const signal = plain.signal ? AbortSignal.any([plain.signal, late]) : late;
    const guard = trusted ? {} : { dispatcher };
    return fetch(url, { ...plain, ...guard, signal } as RequestInit);
  };
}
