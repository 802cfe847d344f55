import { createDraw } from '../../src/demo/sample-schools/draw.ts';
import { guideHouseholds, type Household } from '../../src/demo/sample-schools/households.ts';
import type { School } from '../../src/statistics/store.ts';
import type { TestDatabase } from '../support/database.ts';
import { insertFamilies, insertSchool, type Parent } from './schools.ts';

/** What S1's accounts that are not « Non notifié » must be, for its tables to come out (R-165). */
const STATES: { state: Parent['state']; seats: [string, string][] }[] = [
  {
    state: 'activated',
    seats: [
      ['PS', 'PS'],
      ['CPB', 'CP'],
    ],
  },
  {
    state: 'activated',
    seats: [
      ['MSGS', 'MS'],
      ['CPB', 'CP'],
    ],
  },
  {
    state: 'activating',
    seats: [
      ['CM2B', 'CM2'],
      ['CM1', 'CM1'],
    ],
  },
  {
    state: 'notified',
    seats: [
      ['CM1', 'CM1'],
      ['CE2B', 'CE2'],
    ],
  },
  { state: 'notified', seats: [['PS', 'PS']] },
  { state: 'notified', seats: [['CM1', 'CM1']] },
  { state: 'notified', seats: [['CE2B', 'CE2']] },
  { state: 'notified', seats: [['CE1D', 'CE1']] },
];

/** The school of S1 §6.1, in the database. */
export async function insertGuide(database: TestDatabase): Promise<School> {
  const school = await insertSchool(database, { degree: 1 });
  const households = guideHouseholds(createDraw(1)).map((household) => ({
    ...household,
    seats: [...household.seats],
  }));
  const taken = new Map<Household, Parent['state']>();
  for (const { state, seats } of STATES) taken.set(householdWith(households, seats, taken), state);
  const families = households.map((household) => {
    const state = taken.get(household) ?? 'not_notified';
    return {
      parents: Array.from({ length: household.guardians }, () => ({ state })),
      children: household.seats.map((seat) => ({ school, class: seat.class, level: seat.level })),
    };
  });
  await insertFamilies(database, families);
  return school;
}

/** A family of one guardian with these children; where there is none, others change their seats with its children. */
function householdWith(
  households: readonly Household[],
  wanted: readonly [string, string][],
  taken: ReadonlyMap<Household, unknown>,
): Household {
  const ofSize = households.filter(
    (one) => one.guardians === 1 && !one.twins && one.seats.length === wanted.length && !taken.has(one),
  );
  const has = (household: Household, [where, level]: [string, string]) =>
    household.seats.findIndex((seat) => seat.class === where && seat.level === level);
  const [first = ['', ''], second] = wanted;
  const found = ofSize.find((one) => has(one, first) >= 0);
  if (!found) throw new Error(`no family has a child in ${first[0]}`);
  if (second === undefined || has(found, second) >= 0) return found;
  const mine = 1 - has(found, first);
  for (const other of ofSize) {
    const theirs = has(other, second);
    const left = other.seats[1 - theirs];
    const given = found.seats[mine];
    if (other === found || theirs < 0 || !left || !given) continue;
    // Each family must keep children of different classes and levels.
    if (left.class === given.class || left.level === given.level) continue;
    [other.seats[theirs], found.seats[mine]] = [given, other.seats[theirs] as typeof given];
    return found;
  }
  throw new Error(`no family has a child in ${second[0]}`);
}
