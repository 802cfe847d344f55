import type { CountRow } from './count-store.ts';
import type { Counts, Group, KindCounts } from './types.ts';

/** Puts the rows of one school and one kind of account together. Classes of one label stay apart, as they are. */
export function groupRows(rows: readonly CountRow[], classLabels: ReadonlyMap<number, string>): KindCounts {
  const groups = { structure: new Map(), class: new Map(), level: new Map(), mef: new Map() } as Record<
    CountRow['groupedBy'],
    Map<string | number | null, Group>
  >;
  for (const { groupedBy, classId, label, state, origin, accounts } of rows) {
    const known = groups[groupedBy];
    const key = classId ?? label;
    const group = known.get(key) ?? { label: labelOf(classId, label, classLabels), counts: {} };
    known.set(key, group);
    add(group.counts, { state, origin, accounts });
  }
  return {
    structure: groups.structure.get(null)?.counts ?? {},
    classes: [...groups.class.values()],
    levels: [...groups.level.values()],
    mefs: [...groups.mef.values()],
  };
}

function labelOf(
  classId: number | null,
  label: string | null,
  classLabels: ReadonlyMap<number, string>,
): string | null {
  return classId === null ? label : (classLabels.get(classId) ?? null);
}

function add(counts: Counts, { state, origin, accounts }: Pick<CountRow, 'state' | 'origin' | 'accounts'>) {
  const states = counts[origin] ?? {};
  counts[origin] = states;
  states[state] = (states[state] ?? 0) + accounts;
}
