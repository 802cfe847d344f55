import { isIPv6 } from 'node:net';
import type { Database } from '../deps.ts';

/**
 * Counts a hit in a fixed window, atomically and in one statement.
 * @returns the hits in this window, this one included
 */
export async function countHit(db: Database, key: string, windowMs: number, now: Date): Promise<number> {
  const ends = new Date(now.getTime() + windowMs);
  const [result] = (await db.raw(
    `INSERT INTO throttles (throttle_key, hits, window_ends_at) VALUES (?, LAST_INSERT_ID(1), ?)
     ON DUPLICATE KEY UPDATE
       hits = LAST_INSERT_ID(IF(window_ends_at <= ?, 1, LEAST(hits + 1, 1000000000))),
       window_ends_at = IF(window_ends_at <= ?, VALUES(window_ends_at), window_ends_at)`,
    [key, ends, now, now],
  )) as [{ insertId: number }];
  return Number(result.insertId);
}

type Window = { hits: number; endsAt: Date };

/** The window that is open now, without counting; null: none. */
export async function readWindow(db: Database, key: string, now: Date): Promise<Window | null> {
  return (await readWindows(db, [key], now))[0] ?? null;
}

/** The same of several keys; those without one are left out. */
export async function readWindows(db: Database, keys: readonly string[], now: Date): Promise<Window[]> {
  const rows: Window[] = await db('throttles')
    .select({ hits: 'hits', endsAt: 'window_ends_at' })
    .whereIn('throttle_key', keys)
    .where('window_ends_at', '>', now);
  return rows.map(({ hits, endsAt }) => ({ hits: Number(hits), endsAt }));
}

/** An IPv4 address, or the /64 of an IPv6 one: a household has all the addresses of its /64. */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
