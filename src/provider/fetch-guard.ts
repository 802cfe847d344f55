import { BlockList, isIP } from 'node:net';
import type { Config } from '../config.ts';

type Fetch = typeof fetch;

/** The library gives up after 2.5 s. A key set is waited for by a request of the service itself. */
const KEYS_WITHIN_MS = 1500;
/** Nobody waits for a notice of a logout: a service that needs ten seconds for it is told once, not again and again. */
const NOTICE_WITHIN_MS = 15_000;

/** @param hostname as `URL` gives it */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['64:ff9b::', 96],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv6');

/**
 * Whether a host is by its very name one of a private network. What a public name leads to is looked at when it is
 * called, by the library.
 * @param hostname as `URL` gives it: numbers in any notation are plain ones there
 */
export function isPrivate(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const family = isIP(bare);
  if (family !== 0) return PRIVATE.check(bare, family === 6 ? 'ipv6' : 'ipv4');
  return !bare.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(bare);
}

/**
 * Our requests to services (back-channel logout, key sets). The library hands over a dispatcher that refuses
 * addresses of private networks (SSRF); origins of TRUSTED_CLIENT_ORIGINS go without it, and so do services on
 * loopback where HTTP_LOOPBACK_CLIENTS allows them (demo). Where the guard could not be set up, nothing else is let out.
 * @param closing ends the notices under way, for a server that stops
 */
export function guardedFetch(
  config: Pick<Config, 'TRUSTED_CLIENT_ORIGINS' | 'HTTP_LOOPBACK_CLIENTS'>,
  closing: AbortSignal,
): Fetch {
  const listed = new Set(config.TRUSTED_CLIENT_ORIGINS.map((origin) => new URL(origin).origin));
  const isTrusted = ({ origin, hostname }: URL) =>
    listed.has(origin) || (config.HTTP_LOOPBACK_CLIENTS && isLoopback(hostname));
  return async (url, options = {}) => {
    const { dispatcher, ...plain } = options as RequestInit & { dispatcher?: unknown };
    const address = new URL(url instanceof Request ? url.url : url);
    const trusted = isTrusted(address);
    if (!trusted && !dispatcher) throw new Error(`no guard for requests to ${address.origin}`);
    // The library posts nothing but notices.
    const signal =
      plain.method === 'POST'
        ? AbortSignal.any([closing, AbortSignal.timeout(NOTICE_WITHIN_MS)])
        : AbortSignal.timeout(KEYS_WITHIN_MS);
    const guard = trusted ? {} : { dispatcher };
    return fetch(url, { ...plain, ...guard, signal } as RequestInit);
  };
}
