import type { Draw } from './draw.ts';
import { BOYS, FAMILY_NAMES, GIRLS, MEN, REUNION_FAMILY_NAMES, STREETS, WOMEN } from './names.ts';
import { birthYearOf } from './schools.ts';
import type { Feed, SampleGuardian, SamplePupil, SampleSchool } from './types.ts';

/** Whole families bear one of these, so that namesakes are as common as they really are. */
const COMMON_NAMES = ['Martin', 'Bernard', 'Durand', 'Petit', 'Garcia'];

type Told<T> = { [K in keyof T]?: T[K] | undefined };

/** Makes the people of one directory, with numbers, phones and addresses of their own. */
export type People = {
  familyName(): string;
  guardian(school: SampleSchool, familyName: string, told?: Told<SampleGuardian>): SampleGuardian;
  pupil(school: SampleSchool, familyName: string, level: string, told?: Told<SamplePupil>): SamplePupil;
  /** A number of its own within the directory (ENTPersonJointure). */
  nextId(): string;
};

/** Numbers that run through all directories: phones and INE are national. */
export type Counters = { mobile: number; ine: number; email: Map<string, number> };

export function createPeople(draw: Draw, feed: Feed, counters: Counters): People {
  // The two academies number alike on purpose: a number says nothing without its academy.
  let lastId = feed.degree === 1 ? 310_000 : 870_000;
  const nextId = () => {
    lastId += 1 + draw.below(3);
    return String(lastId);
  };
  const overseas = feed.academy.code === '28';
  const familyName = () => {
    if (overseas) return draw.one(REUNION_FAMILY_NAMES);
    if (draw.percent(8)) return draw.one(COMMON_NAMES);
    const name = draw.one(FAMILY_NAMES);
    return draw.percent(5) ? `${name}-${draw.one(FAMILY_NAMES)}` : name;
  };
  return {
    familyName,
    nextId,
    guardian(school, family, told = {}) {
      const title = told.title ?? (draw.percent(60) ? 'Mme' : 'M.');
      const givenName = told.givenName ?? draw.one(title === 'Mme' ? WOMEN : MEN);
      const guardian: SampleGuardian = {
        sourceId: nextId(),
        title,
        givenName,
        familyName: capitals(family),
        birthName: capitals(title === 'Mme' && draw.percent(40) ? familyName() : family),
        mobile: drawMobile(draw, counters, overseas),
        email: draw.percent(55) ? emailOf(givenName, family, counters) : null,
        street: `${1 + draw.below(140)} ${draw.one(STREETS)}`,
        postalCode: school.postalCode,
        town: school.town,
      };
      return Object.assign(guardian, defined(told));
    },
    pupil(school, family, level, told = {}) {
      const title = told.title ?? (draw.percent(50) ? 'Mme' : 'M.');
      counters.ine += 1 + draw.below(40);
      const pupil: SamplePupil = {
        sourceId: nextId(),
        ine: `${String(90_000_000 + counters.ine).padStart(9, '0')}${draw.one(['AA', 'BD', 'FG', 'HJ', 'KC'])}`,
        title,
        givenName: draw.one(title === 'Mme' ? GIRLS : BOYS),
        familyName: capitals(family),
        birthDate: drawBirthDate(draw, level),
        school,
        class: null,
        level,
        mef: null,
        links: [],
      };
      return Object.assign(pupil, defined(told));
    },
  };
}

const defined = <T extends object>(told: T) =>
  Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));

/** The directories hold family names in capitals, their accents kept. */
export const capitals = (name: string) => name.toLocaleUpperCase('fr');

/** One child in twelve is a year older than his level. */
function drawBirthDate(draw: Draw, level: string): string {
  const year = birthYearOf(level) - (draw.percent(8) ? 1 : 0);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${year}-${two(1 + draw.below(12))}-${two(1 + draw.below(28))}`;
}

/**
 * A mobile as people type it. In mainland France the range 06 39 98, kept for fiction by the regulator. Overseas has
 * no such range: 0692 00 xx xx is used there, which the library of numbers takes for mobiles of La Réunion.
 */
function drawMobile(draw: Draw, counters: Counters, overseas: boolean): string | null {
  if (draw.percent(9)) return null;
  if (draw.percent(1)) return '0000000000';
  return typedMobile(draw, nextMobile(counters), overseas);
}

/** The four last figures: each family's own. Those under 0100 belong to the cast. */
export function nextMobile(counters: Counters): string {
  counters.mobile += 1;
  return String(counters.mobile).padStart(4, '0');
}

function typedMobile(draw: Draw, figures: string, overseas: boolean): string {
  const pairs = overseas ? ['06', '92', '00'] : ['06', '39', '98'];
  pairs.push(figures.slice(0, 2), figures.slice(2));
  const [first = '', ...rest] = pairs;
  const country = overseas ? '+262' : '+33';
  return draw.one([
    pairs.join(' '),
    pairs.join(' '),
    pairs.join(''),
    pairs.join('.'),
    `${country} ${first.charAt(1)} ${rest.join(' ')}`,
    `${country}${first.charAt(1)}${rest.join('')}`,
  ]);
}

function emailOf(givenName: string, familyName: string, counters: Counters): string {
  const plain = (text: string) =>
    text
      .normalize('NFD')
      .replace(/œ/gi, 'oe')
      .replace(/ł/gi, 'l')
      .replace(/ı/g, 'i')
      .replace(/[^a-z-]/gi, '')
      .toLowerCase();
  const local = `${plain(givenName)}.${plain(familyName)}`.slice(0, 60);
  const times = (counters.email.get(local) ?? 0) + 1;
  counters.email.set(local, times);
  return `${local}${times > 1 ? times : ''}@${times % 2 ? 'example.org' : 'example.net'}`;
}
