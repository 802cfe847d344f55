import { withLease } from '../db/leases.ts';
import type { Deps } from '../deps.ts';
import { computeSchools } from './compute.ts';
import { findSnapshot, type School } from './store.ts';

/** Numbers that are this young are not computed again: a second click would find the same. */
const FRESH_MS = 5000;

/**
 * « Calculer les statistiques »: computes those of one school now. Of two that come at once, one computes;
 * so a button pressed many times costs one computation.
 * @returns `fresh`: computed a moment ago; `busy`: somebody is computing them
 */
export async function computeOnDemand(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'random'>,
  school: School,
): Promise<{ ok: true } | { ok: false; reason: 'fresh' | 'busy' }> {
  const work = async () => {
    const known = await findSnapshot(deps.jobsDb, school.id);
    const age = deps.clock.now().getTime() - (known?.computedAt.getTime() ?? 0);
    if (known !== null && age < FRESH_MS) return 'fresh';
    await computeSchools(deps.jobsDb, [school], deps.clock.now());
    return 'done';
  };
  const turn = await withLease(deps, `statistics-${school.uai}`, work);
  if (!turn.held) return { ok: false, reason: 'busy' };
  return turn.result === 'done' ? { ok: true } : { ok: false, reason: 'fresh' };
}
