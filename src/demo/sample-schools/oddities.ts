import { NO_INE, NOT_LEGAL, PUPIL, PUPIL_GUARDIAN } from './cast.ts';
import { LONG_NAME } from './names.ts';
import { capitals, nextMobile } from './people.ts';
import { type Family, linkCode, type Place } from './place.ts';
import { SCHOOLS } from './schools.ts';
import type { CastMember, SampleGuardian, SamplePupil } from './types.ts';

/** What makes real directories harder than their description. */

/**
 * Every fourth family of the collège is one that also has a child at primary school: the two directories hold the
 * same parent under two numbers, with what each school happens to know.
 */
export function makeElderSiblings(
  place: Place,
  elders: Family[],
  families: Family[],
  cast: CastMember[],
): void {
  const acting = new Set(cast.flatMap((member) => member.pupils));
  const isFree = (family: Family) => !family.pupils.some((pupil) => acting.has(pupil));
  const free = place.draw.shuffled(families.filter(isFree));
  for (const elder of elders.filter((family, index) => index % 4 === 0 && isFree(family))) {
    const at = free.findIndex((family) => family.guardians.length === elder.guardians.length);
    const [younger] = at < 0 ? [] : free.splice(at, 1);
    if (!younger) continue;
    for (const [index, guardian] of elder.guardians.entries()) {
      const { sourceId: _own, ...same } = younger.guardians[index] as SampleGuardian;
      Object.assign(guardian, same, place.draw.percent(30) ? { email: null } : {});
    }
    for (const pupil of elder.pupils) pupil.familyName = younger.pupils[0]?.familyName ?? pupil.familyName;
    for (const pupil of elder.pupils) for (const link of pupil.links) link.code = linkCode(link.guardian);
  }
}

/** What directories really hold: no INE, no class yet, names beyond every form. */
export function addOddities(place: Place, families: Family[], cast: CastMember[]): void {
  const { feed, people } = place;
  const school = SCHOOLS.second;
  const where = place.classes.get('second')?.get('CP') ?? null;
  const without = people.guardian(school, NO_INE.person.familyName, NO_INE.person);
  const newcomer = people.pupil(school, NO_INE.person.familyName, 'CP', {
    ...NO_INE.child,
    ine: null,
    class: where,
  });
  newcomer.links = [{ guardian: without, code: '20', legal: 1 }];
  cast.push({ key: NO_INE.key, what: NO_INE.what, feed, guardian: without, pupils: [newcomer] });

  const parent = people.guardian(school, 'Camara', {});
  const unplaced = people.pupil(school, 'Camara', 'CE2');
  unplaced.links = [{ guardian: parent, code: linkCode(parent), legal: 1 }];

  const long = families.at(-1);
  for (const guardian of long?.guardians.slice(0, 1) ?? []) {
    Object.assign(guardian, {
      familyName: capitals(LONG_NAME.family),
      givenName: LONG_NAME.given,
      title: 'Mme',
    });
  }
  for (const pupil of long?.pupils.slice(0, 1) ?? []) {
    Object.assign(pupil, { familyName: capitals(LONG_NAME.family), givenName: LONG_NAME.child, title: 'M.' });
  }
  feed.guardians.push(without, parent);
  feed.pupils.push(newcomer, unplaced);
}

/** Ties that are no legal responsibility, a guardian listed twice, a pupil of age, and the pupil of the cast. */
export function addCollegeOddities(place: Place, families: Family[], cast: CastMember[]): SamplePupil {
  const { feed, people, draw, counters } = place;
  const acting = new Set(cast.flatMap((member) => member.pupils));
  const free = families.filter((family) => !family.pupils.some((pupil) => acting.has(pupil)));
  for (const family of free.filter((_, index) => index % 12 === 5)) {
    const grandparent = people.guardian(SCHOOLS.college, people.familyName(), { email: null });
    feed.guardians.push(grandparent);
    for (const pupil of family.pupils)
      pupil.links.push({ guardian: grandparent, code: '38', legal: draw.percent(30) ? 2 : 0 });
  }
  for (const family of free.filter((_, index) => index % 40 === 7)) {
    const [guardian] = family.guardians as [SampleGuardian];
    for (const pupil of family.pupils) pupil.links.push({ guardian, code: '90', legal: 0 });
  }
  const [minded, grown] = free.filter((family) => family.pupils[0]?.level === '3EME') as [Family, Family];
  const carer = people.guardian(SCHOOLS.college, NOT_LEGAL.person.familyName, NOT_LEGAL.person);
  feed.guardians.push(carer);
  for (const pupil of minded.pupils) pupil.links.push({ guardian: carer, code: '42', legal: 2 });
  cast.push({ ...NOT_LEGAL, feed, guardian: carer, pupils: minded.pupils });

  const adult = grown.pupils[0] as SamplePupil;
  adult.birthDate = '2008-03-02';
  const { title, givenName, familyName } = adult;
  const mobile = `06 39 98 ${nextMobile(counters).replace(/(..)(..)/, '$1 $2')}`;
  const himself = people.guardian(SCHOOLS.college, familyName, { title, givenName, familyName, mobile });
  feed.guardians.push(himself);
  adult.links = [
    { guardian: himself, code: '70', legal: 1 },
    ...adult.links.map((link) => ({ ...link, legal: 0 as const })),
  ];

  const household = free.find(
    (family) => family !== grown && family.pupils[0]?.level === PUPIL.level,
  ) as Family;
  const [star] = household.pupils as [SamplePupil];
  const [answering] = household.guardians as [SampleGuardian];
  cast.push({ ...PUPIL_GUARDIAN, feed, guardian: answering, pupils: household.pupils });
  const { givenName: given, familyName: family, birthDate } = PUPIL;
  return Object.assign(star, { givenName: given, familyName: family, birthDate, title: 'Mme' });
}
