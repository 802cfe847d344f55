import { BlockList, isIP } from 'node:net';
import type { Config } from '../config.ts';
import type { Random } from '../deps.ts';
import type { Middleware } from './context.ts';

const KNOWN_ADDRESSES = 1000;
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

/**
 * Replaces what the request claims about its way by what we know, so that nothing behind it can be misled (F07):
 * the host and scheme are those of BASE_URL, whatever `Host` or `X-Forwarded-*` say; the visitor's address is the
 * socket's, unless that is a trusted proxy. Also gives the request its id.
 * The application behind it must have `proxy = true`, and believes then what is written here.
 */
export function knownWay(config: Pick<Config, 'BASE_URL' | 'TRUSTED_PROXIES'>, random: Random): Middleware {
  const base = new URL(config.BASE_URL);
  const trusted = trustedPeers(config.TRUSTED_PROXIES);
  const newId = requestIds(random);
  return (ctx, next) => {
    const { headers, socket } = ctx.req;
    const peer = plainAddress(socket.remoteAddress ?? '');
    const claimedId = headers['x-request-id'];
    const viaProxy = trusted(peer);
    ctx.state.requestId =
      viaProxy && typeof claimedId === 'string' && REQUEST_ID.test(claimedId) ? claimedId : newId();
    const forwarded = headers['x-forwarded-for'];
    const address = viaProxy ? visitorBehind(peer, String(forwarded ?? ''), trusted) : peer;
    for (const name of Object.keys(headers)) {
      // Not deleted: an object that has lost a key is slow for all who read it after us.
      if (name === 'forwarded' || name.startsWith('x-forwarded-')) headers[name] = undefined;
    }
    headers.host = base.host;
    headers['x-forwarded-for'] = address;
    headers['x-forwarded-proto'] = base.protocol.slice(0, -1);
    ctx.set('X-Request-Id', ctx.state.requestId);
    return next();
  };
}

const ID_BYTES = 12;
const DRAWN_IDS = 256;

/** They only have to differ: randomness is drawn for many at once, which costs as much as for one. */
function requestIds(random: Random): () => string {
  let drawn: Buffer = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at >= drawn.length) {
      drawn = random.bytes(ID_BYTES * DRAWN_IDS);
      at = 0;
    }
    at += ID_BYTES;
    return drawn.toString('hex', at - ID_BYTES, at);
  };
}

/** The rightmost address of the chain that is not one of our proxies: what stands left of it anybody can write. */
function visitorBehind(peer: string, chain: string, trusted: (address: string) => boolean): string {
  let visitor = peer;
  const hops = chain.split(',').map((hop) => plainAddress(hop.trim()));
  for (const hop of hops.reverse()) {
    if (isIP(hop) === 0) break;
    visitor = hop;
    if (!trusted(hop)) break;
  }
  return visitor;
}

/** @throws Error at start when an entry is neither an address nor a network in CIDR form */
function trustedPeers(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    if (family === 0) throw new Error(`TRUSTED_PROXIES: ${entry} is not an address`);
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, kind);
    else list.addSubnet(address, Number(prefix), kind);
  }
  // Proxies are few and ask again and again; visitors' addresses push them out only now and then.
  const known = new Map<string, boolean>();
  return (address) => {
    const before = known.get(address);
    if (before !== undefined) return before;
    const family = isIP(address);
    const found = family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
    if (known.size >= KNOWN_ADDRESSES) known.clear();
    known.set(address, found);
    return found;
  };
}

/** An IPv4 peer of a dual-stack socket is written `::ffff:192.0.2.1`. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}
