import type { Clock, Database, Random } from '../deps.ts';
import { isDuplicate } from './transaction.ts';

/**
 * The right to do a piece of work alone, kept in a row: several processes, on several machines, share only the
 * database. The processes' clocks must agree to well within the life of a lease.
 */
export type Lease = { name: string; holder: string };

/** How long a holder that gives no sign of life keeps others out, in milliseconds, and how often it gives one. */
export const LEASE_MS = 60_000;
export const RENEW_EVERY_MS = 15_000;

/** Takes a lease that nobody holds or whose time is over. @returns false when another holds it */
export async function takeLease(db: Database, { name, holder }: Lease, now: Date): Promise<boolean> {
  const row = { holder, heartbeat_at: now, ends_at: endOf(now) };
  // The condition decides and not a look before: of two that come at once, one changes the row.
  const taken = await db('leases').where({ name }).where('ends_at', '<=', now).update(row);
  if (taken === 1) return true;
  try {
    await db('leases').insert({ name, ...row });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** @returns false when the lease is another's by now: the work must stop */
export async function renewLease(db: Database, { name, holder }: Lease, now: Date): Promise<boolean> {
  const kept = await db('leases')
    .where({ name, holder })
    .update({ heartbeat_at: now, ends_at: endOf(now) });
  return kept === 1;
}

/**
 * Lets the next one in at once, also one whose clock is behind ours. The row stays, so that two who come for it do
 * not both have to insert it.
 */
export async function releaseLease(db: Database, { name, holder }: Lease): Promise<void> {
  await db('leases')
    .where({ name, holder })
    .update({ ends_at: new Date(0) });
}

function endOf(now: Date): Date {
  return new Date(now.getTime() + LEASE_MS);
}

type Needs = { jobsDb: Database; clock: Clock; random: Random };

/**
 * Does the work while holding the lease of this name, or not at all.
 * @param stop aborted: passed on to the work
 * @param renewEveryMs how often the lease is prolonged
 * @returns `held: false` when another is at it. The signal given to the work is aborted when the lease is lost.
 */
export async function withLease<T>(
  { jobsDb, clock, random }: Needs,
  name: string,
  work: (signal: AbortSignal) => Promise<T>,
  { stop, renewEveryMs = RENEW_EVERY_MS }: { stop?: AbortSignal; renewEveryMs?: number } = {},
): Promise<{ held: true; result: T } | { held: false }> {
  const lease = { name, holder: random.bytes(16).toString('base64url') };
  const began = clock.now();
  if (!(await takeLease(jobsDb, lease, began))) return { held: false };
  const lost = new AbortController();
  const signal = stop ? AbortSignal.any([stop, lost.signal]) : lost.signal;
  let heldUntil = endOf(began);
  const beat = async () => {
    const now = clock.now();
    try {
      if (await renewLease(jobsDb, lease, now)) heldUntil = endOf(now);
      else lost.abort(new Error(`the lease ${name} was lost`));
    } catch {
      // A database that is away for a moment costs nothing while the lease lasts.
      if (clock.now() >= heldUntil) lost.abort(new Error(`the lease ${name} could not be kept`));
    }
  };
  const timer = setInterval(() => void beat(), renewEveryMs).unref();
  try {
    return { held: true, result: await work(signal) };
  } finally {
    clearInterval(timer);
    await releaseLease(jobsDb, lease).catch(() => {});
  }
}
