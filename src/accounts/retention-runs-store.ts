import type { Database } from '../deps.ts';

/** What a run would do in all: accounts by rules, pupils and guardians of the directory. */
export type DueCounts = { accounts: number; pupils: number; guardians: number };

/** How long an acceptance holds, in milliseconds: a run that is too long for one night goes on the next one. */
const ACCEPTED_MS = 7 * 86_400_000;

/** @returns its id, by which it may be accepted */
export async function keepRefused(
  db: Database,
  { settings, due, now }: { settings: string; due: DueCounts; now: Date },
): Promise<number> {
  const [id] = await db('retention_runs').insert({
    found_at: now,
    settings,
    due: JSON.stringify(due),
    state: 'refused',
  });
  return id as number;
}

/** @returns what was accepted; null when no refused run has this id */
export async function acceptRefused(db: Database, id: number, now: Date): Promise<DueCounts | null> {
  const changed = await db('retention_runs')
    .where({ id, state: 'refused' })
    .update({ state: 'accepted', accepted_at: now });
  if (changed !== 1) return null;
  const row = await db('retention_runs').where({ id }).first('due');
  return JSON.parse(row.due) as DueCounts;
}

/** The last acceptance for these rules that still holds. */
export async function findAccepted(
  db: Database,
  settings: string,
  now: Date,
): Promise<{ id: number; due: DueCounts } | null> {
  const row = await db('retention_runs')
    .where({ state: 'accepted', settings })
    .where('accepted_at', '>', new Date(now.getTime() - ACCEPTED_MS))
    .orderBy('id', 'desc')
    .first('id', 'due');
  return row ? { id: row.id, due: JSON.parse(row.due) as DueCounts } : null;
}

export async function closeAccepted(db: Database, id: number): Promise<void> {
  await db('retention_runs').where({ id, state: 'accepted' }).update({ state: 'done' });
}
