import type { Group } from './types.ts';

const IN_FRENCH = new Intl.Collator('fr', { numeric: true });

/** By label as people sort, « 5e 9 » before « 5e 10 »; groups without a label last. */
export function byLabel(one: Group, other: Group): number {
  if (one.label === null || other.label === null)
    return Number(one.label === null) - Number(other.label === null);
  return IN_FRENCH.compare(one.label, other.label);
}

/** From the nursery school on, short or long, accents and case aside; what is none of these comes after, by label. */
const LEVELS = [
  ['TPS', 'TOUTE PETITE SECTION'],
  ['PS', 'PETITE SECTION'],
  ['MS', 'MOYENNE SECTION'],
  ['GS', 'GRANDE SECTION'],
  ['CP', 'COURS PREPARATOIRE'],
  ['CE1'],
  ['CE2'],
  ['CM1'],
  ['CM2'],
  ['6EME'],
  ['5EME'],
  ['4EME'],
  ['3EME'],
  ['2NDE'],
  ['1ERE'],
  ['TERM'],
];
const RANKS = new Map(LEVELS.flatMap((names, rank) => names.map((name) => [name, rank] as const)));

/** levels in the order in which children go through them. */
export function byLevel(one: Group, other: Group): number {
  return rankOf(one.label) - rankOf(other.label) || byLabel(one, other);
}

function rankOf(label: string | null): number {
  const plain = (label ?? '').normalize('NFD').replace(/\p{M}/gu, '').toUpperCase().trim();
  return RANKS.get(plain) ?? LEVELS.length;
}
