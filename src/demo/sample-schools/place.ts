import { ROLES, type Role } from './cast.ts';
import type { Draw } from './draw.ts';
import type { Household, Seat } from './households.ts';
import { type Counters, capitals, createPeople, type People } from './people.ts';
import { classesOf, GUIDE_CLASSES, MEFS, PRIMARY_CLASSES, SCHOOLS } from './schools.ts';
import type {
  Academy,
  CastMember,
  Feed,
  SampleClass,
  SampleGuardian,
  SamplePupil,
  SchoolKey,
} from './types.ts';

/** One directory while it is being filled. */
export type Place = {
  feed: Feed;
  people: People;
  draw: Draw;
  counters: Counters;
  classes: Map<SchoolKey, Map<string, SampleClass>>;
};
export type Family = { guardians: SampleGuardian[]; pupils: SamplePupil[]; familyName: string };

export function openPlace(
  draw: Draw,
  counters: Counters,
  academy: Academy,
  degree: 1 | 2,
  encoding: Feed['encoding'],
  keys: SchoolKey[],
): Place {
  const schools = keys.map((key) => SCHOOLS[key]);
  const feed: Feed = {
    academy,
    degree,
    encoding,
    schools,
    classes: [],
    pupils: [],
    guardians: [],
    heads: [],
  };
  const classes = new Map(keys.map((key) => [key, classesOf(SCHOOLS[key], labelsOf(key))]));
  feed.classes = [...classes.values()].flatMap((labels) => [...labels.values()]);
  return { feed, people: createPeople(draw, feed, counters), draw, counters, classes };
}

function labelsOf(key: SchoolKey): readonly string[] {
  if (key === 'guide') return GUIDE_CLASSES;
  if (key === 'college') return [...new Set(MEFS.flatMap((mef) => mef.classes))].sort();
  return PRIMARY_CLASSES[key].map((plan) => plan.label);
}

/** Gives each household its people; the roles of the cast take the first ones of their shape. */
export function settle(place: Place, households: Household[], cast: CastMember[]): Family[] {
  const key = households[0]?.seats[0]?.school;
  const waiting = ROLES.filter((role) => role.school === key && role.partnerOf === undefined);
  return households.map((household) => {
    const at = waiting.findIndex(
      (role) =>
        role.guardians === household.guardians &&
        role.children.length === household.seats.length &&
        !household.twins,
    );
    const [role] = at < 0 ? [] : waiting.splice(at, 1);
    const family = settleFamily(place, household, role);
    if (role) castFamily(place, family, role, cast);
    return family;
  });
}

function settleFamily(place: Place, household: Household, role: Role | undefined): Family {
  const { feed, people, draw } = place;
  const school = SCHOOLS[(household.seats[0] as Seat).school];
  const familyName = role?.person.familyName ?? people.familyName();
  const first = people.guardian(school, familyName, role ? { ...role.person, birthName: familyName } : {});
  const guardians = [first];
  if (household.guardians === 2) guardians.push(secondGuardian(place, first, familyName, role));
  const pupils = household.seats.map((seat, index) => {
    const where = place.classes.get(seat.school)?.get(seat.class) ?? null;
    const told = { class: where, mef: seat.mef, ...role?.children[index] };
    return people.pupil(school, childName(draw, guardians, familyName), seat.level, told);
  });
  const [eldest] = pupils;
  if (household.twins && eldest) for (const twin of pupils) twin.birthDate = eldest.birthDate;
  for (const pupil of pupils) {
    pupil.links = guardians.map((guardian) => ({ guardian, code: linkCode(guardian), legal: 1 }));
  }
  feed.guardians.push(...guardians);
  feed.pupils.push(...pupils);
  return { guardians, pupils, familyName };
}

/** The other parent: of the same name or not, at the same address or not, now and then with the same mobile. */
function secondGuardian(
  place: Place,
  first: SampleGuardian,
  familyName: string,
  role?: Role,
): SampleGuardian {
  const { people, draw, feed } = place;
  const partner = role && ROLES.find((other) => other.partnerOf === role.key);
  const school = feed.schools[0] as (typeof feed.schools)[0];
  const title = draw.percent(95) ? (first.title === 'Mme' ? 'M.' : 'Mme') : first.title;
  const name = draw.percent(60) ? familyName : people.familyName();
  const told = partner ? { ...partner.person, birthName: familyName } : { title };
  const second = people.guardian(school, partner ? familyName : name, told);
  if (draw.percent(72)) {
    const { street, postalCode, town } = first;
    Object.assign(second, { street, postalCode, town });
  }
  if (!partner && draw.percent(3)) second.mobile = first.mobile;
  return second;
}

/** A child bears the first guardian's name, the other's, or both. */
function childName(draw: Draw, guardians: SampleGuardian[], familyName: string): string {
  const other = guardians[1]?.familyName ?? familyName;
  if (capitals(familyName) === capitals(other) || draw.percent(80)) return familyName;
  return draw.percent(50) ? other : `${familyName} ${other}`;
}

export const linkCode = (guardian: SampleGuardian) => (guardian.title === 'Mme' ? '10' : '20');

function castFamily(place: Place, family: Family, role: Role, cast: CastMember[]): void {
  const roles = [role, ...ROLES.filter((other) => other.partnerOf === role.key)];
  for (const [index, { key, what }] of roles.entries()) {
    const guardian = family.guardians[index] as SampleGuardian;
    cast.push({ key, what, feed: place.feed, guardian, pupils: family.pupils });
  }
}
