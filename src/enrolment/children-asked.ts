import { keyedDigest } from '../crypto/digests.ts';
import type { Database, Deps } from '../deps.ts';
import { datesExhaustedUntil } from './birth-date.ts';
import { referencesOf } from './enrolment-store.ts';
import { accountsOf } from './matching.ts';
import { findByIds, findProvableChildren, type ProvableChild } from './matching-store.ts';
import type { ChildAsked } from './types.ts';

/** One child as the page asks for him: the same INE in two databases is one child, with every record of his. */
export type Asked = ChildAsked & { rows: ProvableChild[] };

/** The children that this enrolment must prove, across all the records that match; [] when none is left. */
export async function childrenAsked(
  deps: Pick<Deps, 'db' | 'config'>,
  interactionUid: string,
): Promise<ChildAsked[]> {
  const references = await referencesOf(deps.db, interactionUid);
  const asked = await readAsked(deps, deps.db, interactionUid, references);
  return asked.map(({ key, givenName, familyName }) => ({ key, givenName, familyName }));
}

/** Until when birth dates are not looked at for the person of this enrolment; null: they are. */
export async function childrenSuspendedUntil(
  deps: Pick<Deps, 'db' | 'clock'>,
  interactionUid: string,
): Promise<Date | null> {
  const candidates = await findByIds(deps.db, await referencesOf(deps.db, interactionUid));
  return datesExhaustedUntil(deps.db, accountsOf(candidates), deps.clock.now());
}

/** The children to whom these records lead, each with the key that the page of this enrolment calls him by. */
export async function readAsked(
  { config }: Pick<Deps, 'config'>,
  db: Database,
  uid: string,
  references: readonly number[],
): Promise<Asked[]> {
  const byIne = new Map<string, Asked>();
  for (const row of await findProvableChildren(db, references)) {
    const known = byIne.get(row.ine);
    if (known) known.rows.push(row);
    else {
      const key = keyedDigest(config.COOKIE_KEYS[0] ?? '', 'child', uid, row.ine).slice(0, 12);
      byIne.set(row.ine, { key, givenName: row.givenName, familyName: row.familyName, rows: [row] });
    }
  }
  return [...byIne.values()];
}
