import { createDraw, type Draw } from './draw.ts';
import { drawHouseholds, guideHouseholds, type Seat, seatsOf } from './households.ts';
import { addCollegeOddities, addOddities, makeElderSiblings } from './oddities.ts';
import type { Counters } from './people.ts';
import { openPlace, type Place, settle } from './place.ts';
import { MEFS, PRIMARY_CLASSES, REUNION, SCHOOLS, TOULOUSE } from './schools.ts';
import type { CastMember, SchoolKey, World } from './types.ts';

const SEED = 20260914;

/** Numbers under this are the cast's. */
const FIRST_DRAWN_MOBILE = 100;

/** All directories of the samples and the people of the cast in them; the same at each call. */
export function sampleWorld(): World {
  const draw = createDraw(SEED);
  const counters: Counters = { mobile: FIRST_DRAWN_MOBILE, ine: 0, email: new Map() };
  const cast: CastMember[] = [];
  const primary = openPlace(draw, counters, TOULOUSE, 1, 'ISO-8859-15', [
    'guide',
    'second',
    'village',
    'hamlet',
  ]);
  const island = openPlace(draw, counters, REUNION, 1, 'UTF-8', ['reunion']);
  const college = openPlace(draw, counters, TOULOUSE, 2, 'UTF-8', ['college']);

  const families = [
    ...settle(primary, guideHouseholds(draw), cast),
    ...(['second', 'village', 'hamlet'] as const).flatMap((key) =>
      settle(primary, drawHouseholds(draw, seatsOf(key, PRIMARY_CLASSES[key]), 75), cast),
    ),
  ];
  settle(island, drawHouseholds(draw, seatsOf('reunion', PRIMARY_CLASSES.reunion), 70), cast);
  const atCollege = settle(college, drawHouseholds(draw, collegeSeats(draw), 88), cast);

  makeElderSiblings(college, atCollege, families, cast);
  addOddities(primary, families, cast);
  const pupil = addCollegeOddities(college, atCollege, cast);
  addHeads(primary, island, college);
  return { feeds: [primary.feed, island.feed, college.feed], cast, pupil: { feed: college.feed, pupil } };
}

function collegeSeats(draw: Draw): Seat[] {
  return MEFS.flatMap((mef) =>
    Array.from({ length: mef.pupils }, () => ({
      school: 'college' as const,
      class: draw.one(mef.classes),
      level: mef.label,
      mef: mef.code,
    })),
  );
}

function addHeads(primary: Place, island: Place, college: Place): void {
  const head = (place: Place, givenName: string, familyName: string, keys: SchoolKey[]) =>
    place.feed.heads.push({
      sourceId: place.people.nextId(),
      title: 'Mme',
      givenName,
      familyName,
      schools: keys.map((key) => SCHOOLS[key]),
    });
  head(primary, 'Paule', 'DIRECTRICE', ['guide']);
  head(primary, 'Claire', 'TROISÉCOLES', ['second', 'village', 'hamlet']);
  head(island, 'Expédite', 'TURPIN', ['reunion']);
  head(college, 'Jeanne', 'PRINCIPALE', ['college']);
}
