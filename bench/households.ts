/** Families as schools know them: brothers and sisters, parents apart, shared telephones, and what is missing. */
import type { Draw } from '../src/demo/sample-schools/draw.ts';
import { BOYS, FAMILY_NAMES, GIRLS, MEN, STREETS, WOMEN } from '../src/demo/sample-schools/names.ts';
import type { Degree, Guardian, Household, Link, Pupil } from './feed-records.ts';

type Place = { school: { id: string; uai: string; number: number }; degree: Degree; serial: number };

const LEVELS = {
  1: ['PS', 'MS', 'GS', 'CP', 'CE1', 'CE2', 'CM1', 'CM2'],
  2: ['6EME', '5EME', '4EME', '3EME'],
} as const;

/** In a hundred. */
const SHARES = {
  alone: 22,
  apart: 25,
  sharedMobile: 8,
  noMobile: 14,
  badMobile: 3,
  noMail: 40,
  noIne: 3,
  noClass: 2,
  noBirth: 1,
  contact: 12,
};

/** Few names are frequent and many are rare. */
const drawn = (draw: Draw, list: readonly string[]): string => {
  const share = draw.below(10_000) / 10_000;
  return list[Math.floor(list.length * share * share)] as string;
};

export function drawHousehold(draw: Draw, place: Place): Household {
  const family = drawn(draw, FAMILY_NAMES).toUpperCase();
  const mother = drawGuardian(draw, place, 0, { family, woman: true });
  const guardians = [mother];
  if (!draw.percent(SHARES.alone)) {
    const apart = draw.percent(SHARES.apart);
    const father = drawGuardian(draw, place, 1, {
      family: apart ? drawn(draw, FAMILY_NAMES).toUpperCase() : family,
      woman: false,
    });
    const shared = draw.percent(SHARES.sharedMobile) ? { mobile: mother.mobile } : {};
    const home = apart ? {} : { street: mother.street };
    guardians.push({ ...father, ...shared, ...home });
  }
  const links: Link[] = guardians.map(({ id }, index) => ({ id, code: index === 0 ? '10' : '20', legal: 1 }));
  const { contact, link } = drawContact(draw, place);
  if (contact && link) {
    guardians.push(contact);
    links.push(link);
  }
  const children = draw.percent(24) ? (draw.percent(20) ? 3 : 2) : 1;
  const pupils = Array.from({ length: children }, (_, index) => {
    const name = draw.percent(30) ? (guardians[1]?.familyName ?? family) : family;
    return drawPupil(draw, place, index, name, links);
  });
  return { serial: place.serial, guardians, pupils };
}

/** A grandparent whom the collège may call: in the files of the second degree, without any right. */
function drawContact(draw: Draw, place: Place): { contact?: Guardian; link?: Link } {
  if (place.degree === 1 || !draw.percent(SHARES.contact)) return {};
  const contact = drawGuardian(draw, place, 2, {
    family: drawn(draw, FAMILY_NAMES).toUpperCase(),
    woman: true,
  });
  return { contact, link: { id: contact.id, code: '38', legal: draw.percent(20) ? 2 : 0 } };
}

function drawGuardian(
  draw: Draw,
  { serial }: Place,
  index: number,
  { family, woman }: { family: string; woman: boolean },
): Guardian {
  const givenName = drawn(draw, woman ? WOMEN : MEN);
  const typed = `0639 98 ${String(draw.below(10_000)).padStart(4, '0')}`;
  const mobile = draw.percent(SHARES.noMobile) ? null : draw.percent(SHARES.badMobile) ? '06' : typed;
  return {
    id: String(2_000_000 + serial * 4 + index),
    title: woman ? 'Mme' : 'M.',
    givenName,
    familyName: family,
    mobile,
    email: draw.percent(SHARES.noMail) ? null : `parent${serial}.${index}@example.org`,
    street: `${1 + draw.below(120)} ${draw.one(STREETS)}`,
  };
}

function drawPupil(
  draw: Draw,
  { school, degree, serial }: Place,
  index: number,
  family: string,
  links: Link[],
): Pupil {
  const girl = draw.percent(49);
  const step = draw.below(LEVELS[degree].length);
  const year = (degree === 1 ? 2023 : 2015) - step;
  const level = LEVELS[degree][step] as string;
  return {
    id: String(5_000_000 + serial * 4 + index),
    schoolId: school.id,
    ine: draw.percent(SHARES.noIne)
      ? null
      : `${String((school.number * 100_000 + serial * 4 + index) % 1_000_000_000).padStart(9, '0')}${degree}A`,
    title: girl ? 'Mme' : 'M.',
    givenName: drawn(draw, girl ? GIRLS : BOYS),
    familyName: family,
    birthDate: draw.percent(SHARES.noBirth)
      ? null
      : `${pad(1 + draw.below(28))}/${pad(1 + draw.below(12))}/${year}`,
    level,
    className: draw.percent(SHARES.noClass) ? null : `${level} ${'ABCD'[draw.below(degree === 1 ? 2 : 4)]}`,
    links,
  };
}

const pad = (number: number) => String(number).padStart(2, '0');
