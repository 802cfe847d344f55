import type { Draw } from './draw.ts';
import type { ClassPlan } from './schools.ts';
import type { SchoolKey } from './types.ts';

/** A place in a school that a child takes. */
export type Seat = { school: SchoolKey; class: string; level: string; mef: string | null };

/** A family before it has names: how many legal guardians are recorded, and where the children go. */
export type Household = { guardians: 1 | 2; seats: Seat[]; twins: boolean };

/**
 * The guide's example, reconstructed: distinct accounts are counted once a class and once a level,
 * so the families have to overlap in one way only. Twins in two classes count once in their level (`SAME_LEVEL`),
 * siblings in a class of two levels once in their class (`SAME_CLASS`); all others have one child a class and level.
 */
const GUIDE_SLOTS: Record<string, Record<string, number>> = {
  PSMS: { PS: 10, MS: 10 },
  PS: { PS: 25 },
  MSGS: { MS: 19, GS: 2 },
  GS: { GS: 26 },
  CPP: { CP: 23 },
  CPB: { CP: 22 },
  CM2B: { CM2: 28 },
  'CM1/2 D': { CM1: 12, CM2: 8 },
  CM1: { CM1: 28 },
  CE2B: { CE2: 30 },
  CE1D: { CE1: 27 },
  'CE1/2': { CE1: 16, CE2: 8 },
};
const SAME_LEVEL: [string, string, string][] = [
  ['PS', 'PS', 'PSMS'],
  ['PS', 'PS', 'PSMS'],
  ['MS', 'PSMS', 'MSGS'],
  ['MS', 'PSMS', 'MSGS'],
  ['GS', 'GS', 'MSGS'],
  ['GS', 'GS', 'MSGS'],
  ['CE1', 'CE1D', 'CE1/2'],
];
const SAME_CLASS = { class: 'CM1/2 D', levels: ['CM1', 'CM2'], times: 5 };
const COUPLES = 9;
const TWINS_IN_ONE_CLASS = 6;
const FAMILIES_OF_THREE = 9;
const FAMILIES_OF_TWO = 50;

/** 238 guardians and 315 pupils; each count of R-165's corrected tables comes out exactly. */
export function guideHouseholds(draw: Draw): Household[] {
  const seat = (where: string, level: string): Seat => ({ school: 'guide', class: where, level, mef: null });
  const family = (seats: Seat[], twins = false): Household => ({ guardians: 1, seats, twins });
  const found = SAME_LEVEL.map(([level, one, other]) => family([seat(one, level), seat(other, level)], true));
  for (let time = 0; time < SAME_CLASS.times; time += 1)
    found.push(family(SAME_CLASS.levels.map((level) => seat(SAME_CLASS.class, level))));

  const slots = Object.entries(GUIDE_SLOTS).flatMap(([where, levels]) =>
    Object.entries(levels).flatMap(([level, count]) =>
      Array.from({ length: count }, () => seat(where, level)),
    ),
  );
  const free = draw.shuffled(slots);
  // A couple counts twice wherever its child is: it takes two slots and fills one seat.
  for (let couple = 0; couple < COUPLES; couple += 1) {
    const [first] = free.splice(0, 1) as [Seat];
    const same = free.findIndex((other) => other.class === first.class && other.level === first.level);
    free.splice(same, 1);
    found.push({ guardians: 2, seats: [first], twins: false });
  }
  const threes = Array.from({ length: FAMILIES_OF_THREE }, () => family(takeSiblings(free, 3)));
  const twos = Array.from({ length: FAMILIES_OF_TWO }, () => family(takeSiblings(free, 2)));
  const alone = free.map((only, index) => {
    const twins = index < TWINS_IN_ONE_CLASS;
    return family(twins ? [only, only] : [only], twins);
  });
  return [...twos, ...threes, ...found, ...alone];
}

/** Takes seats in as many classes and levels, always from those that have most left, so that none is stranded. */
function takeSiblings(free: Seat[], count: number): Seat[] {
  const taken: Seat[] = [];
  while (taken.length < count) {
    const left = (level: string) => free.filter((seat) => seat.level === level).length;
    const fits = free.filter((seat) => !taken.some((t) => t.level === seat.level || t.class === seat.class));
    const best = fits.reduce((a, b) => (left(b.level) > left(a.level) ? b : a));
    free.splice(free.indexOf(best), 1);
    taken.push(best);
  }
  return taken;
}

/** Every seat of a school of which only the classes are given. */
export function seatsOf(school: SchoolKey, plans: readonly ClassPlan[]): Seat[] {
  return plans.flatMap((plan) =>
    Object.entries(plan.levels).flatMap(([level, count]) =>
      Array.from({ length: count }, () => ({ school, class: plan.label, level, mef: null })),
    ),
  );
}

/** Families for these seats: most children have two legal guardians, a third has a brother or sister here. */
export function drawHouseholds(draw: Draw, seats: readonly Seat[], couplesInHundred: number): Household[] {
  const free = draw.shuffled(seats);
  const found: Household[] = [];
  while (free.length > 0) {
    const guardians = draw.percent(couplesInHundred) ? 2 : 1;
    const first = free.pop() as Seat;
    const household: Household = { guardians, seats: [first], twins: false };
    const wanted = draw.percent(30) ? (draw.percent(15) ? 3 : 2) : 1;
    while (household.seats.length < wanted) {
      const other = free.findIndex((seat) => !household.seats.some((taken) => taken.level === seat.level));
      if (other < 0) break;
      household.seats.push(...free.splice(other, 1));
    }
    found.push(household);
  }
  return found;
}
