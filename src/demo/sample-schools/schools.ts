import type { Academy, SampleClass, SampleSchool, SchoolKey } from './types.ts';

/**
 * The schools of the samples. All are invented; their UAI follow the real rule (seven digits and a key letter)
 * with numbers far above those in use.
 */

export const TOULOUSE: Academy = { code: '16', name: 'TOULOUSE' };
export const REUNION: Academy = { code: '28', name: 'LA REUNION' };

/** The school year of the samples, by the year in which it begins: birth dates follow from it. */
export const SCHOOL_YEAR = 2026;

/** @param number seven digits; the letter is the remainder by 23 in an alphabet without I, O and Q. */
export function uaiOf(number: string): string {
  return `${number}${'ABCDEFGHJKLMNPRSTUVWXYZ'[Number(number) % 23]}`;
}

const school = (
  number: string,
  degree: 1 | 2,
  name: string,
  [postalCode, town]: [string, string],
): SampleSchool => ({
  uai: uaiOf(number),
  sourceId: String(Number(number)),
  degree,
  name,
  town,
  postalCode,
  // Numbers that the regulator keeps for fiction (05 36 49); overseas has none.
  phone:
    degree === 1 && number.startsWith('974')
      ? '0262 00 00 00'
      : `05 36 49 ${number.slice(3, 5)} ${number.slice(5)}`,
});

/** The first has the size and the classes of the guide's example, the next three share a director. */
export const SCHOOLS: Record<SchoolKey, SampleSchool> = {
  guide: school('0319901', 1, 'E.E.PU-LES MARRONNIERS', ['31990', 'VALMONT-SUR-GARONNE']),
  second: school('0319902', 1, 'E.E.PU-JACQUELINE AURIOL', ['31991', 'SAINT-AUBIN-LE-VIEUX']),
  village: school('0319903', 1, 'E.P.PU-LE PRÉ AUX CLERCS', ['31991', 'LÈZE-LA-FORÊT']),
  hamlet: school('0319904', 1, "E.M.PU-L'ÎLE AUX OISEAUX", ['31991', 'MONTŒUVRE']),
  college: school('0319950', 2, 'CLG-JEANNE BARRET', ['31990', 'VALMONT-SUR-GARONNE']),
  reunion: school('9749901', 1, 'E.E.PU-LES FILAOS', ['97499', 'BELLE-RAVINE']),
};

const PRIMARY_LEVELS = ['PS', 'MS', 'GS', 'CP', 'CE1', 'CE2', 'CM1', 'CM2'] as const;
export type PrimaryLevel = (typeof PRIMARY_LEVELS)[number];

/** ONDE's cycles. */
export function cycleOf(level: string): string {
  if (['PS', 'MS', 'GS'].includes(level)) return 'CYCLE I';
  return ['CP', 'CE1', 'CE2'].includes(level) ? 'CYCLE II' : 'CYCLE III';
}

/**
 * The formations of the guide's collège (S4), with as many pupils as make about its numbers of guardians.
 * Codes have the eleven characters of a MEF; those of the particular sections are invented.
 */
export const MEFS = [
  {
    code: '10310019110',
    label: '3EME',
    year: 3,
    pupils: 166,
    classes: ['3E1', '3E2', '3E3', '3E4', '3E5', '3E6'],
  },
  {
    code: '10210001110',
    label: '4EME',
    year: 4,
    pupils: 180,
    classes: ['4E1', '4E2', '4E3', '4E4', '4E5', '4E6'],
  },
  {
    code: '10110001110',
    label: '5EME',
    year: 5,
    pupils: 131,
    classes: ['5E1', '5E2', '5E3', '5E4', '5E5', '5E6'],
  },
  {
    code: '10110003110',
    label: '5EME LANGUE ET CULTURE EUROPEENNE',
    year: 5,
    pupils: 25,
    classes: ['5E5', '5E6'],
  },
  { code: '10110002110', label: '5EME SECTION SPORTIVE', year: 5, pupils: 12, classes: ['5E4'] },
  {
    code: '10010012110',
    label: '6EME',
    year: 6,
    pupils: 144,
    classes: ['6E1', '6E2', '6E3', '6E4', '6E5', '6E6'],
  },
  { code: '10010030110', label: '6EME BILANGUE', year: 6, pupils: 31, classes: ['6E5', '6E6'] },
  { code: '10010013110', label: '6EME SECTION SPORTIVE', year: 6, pupils: 11, classes: ['6E4'] },
] as const;

/** The year in which most children of a level were born: three in PS, eleven in sixième. */
export function birthYearOf(level: string): number {
  const primary = PRIMARY_LEVELS.indexOf(level as PrimaryLevel);
  if (primary >= 0) return SCHOOL_YEAR - 3 - primary;
  return SCHOOL_YEAR - 17 + Number(level.charAt(0));
}

/** A class with the levels it holds and how many pupils of each. */
export type ClassPlan = { label: string; levels: Partial<Record<PrimaryLevel, number>> };

/** The schools whose numbers nobody prescribes. */
export const PRIMARY_CLASSES: Record<Exclude<SchoolKey, 'guide' | 'college'>, ClassPlan[]> = {
  second: [
    { label: 'PS - Mme Lange', levels: { PS: 24 } },
    { label: 'MS/GS', levels: { MS: 14, GS: 11 } },
    { label: 'GS/CP', levels: { GS: 10, CP: 12 } },
    { label: 'CP', levels: { CP: 23 } },
    { label: 'CE1 "Les Étoiles"', levels: { CE1: 24 } },
    { label: 'CE2', levels: { CE2: 25 } },
    { label: 'CM1/CM2 A', levels: { CM1: 13, CM2: 12 } },
    { label: 'CM1/CM2 B', levels: { CM1: 12, CM2: 13 } },
  ],
  village: [
    { label: 'Cycle 2', levels: { CP: 8, CE1: 9, CE2: 7 } },
    { label: 'Cycle 3', levels: { CM1: 12, CM2: 11 } },
  ],
  hamlet: [{ label: 'Maternelle', levels: { PS: 9, MS: 8, GS: 7 } }],
  reunion: [
    { label: 'PS/MS', levels: { PS: 12, MS: 12 } },
    { label: 'GS', levels: { GS: 24 } },
    { label: 'CP A', levels: { CP: 20 } },
    { label: 'CP B', levels: { CP: 19 } },
    { label: 'CE1', levels: { CE1: 25 } },
    { label: 'CE2', levels: { CE2: 26 } },
    { label: 'CM1', levels: { CM1: 25 } },
    { label: 'CM2', levels: { CM2: 25 } },
  ],
};

/** The guide's classes in the guide's order. */
export const GUIDE_CLASSES = [
  'PSMS',
  'PS',
  'MSGS',
  'GS',
  'CPP',
  'CPB',
  'CM2B',
  'CM1/2 D',
  'CM1',
  'CE2B',
  'CE1D',
  'CE1/2',
] as const;

/** Classes of a school, numbered as ONDE numbers them; in the second degree the name is the number. */
export function classesOf(where: SampleSchool, labels: readonly string[]): Map<string, SampleClass> {
  return new Map(
    labels.map((label, index) => {
      const code = where.degree === 2 ? label : `${where.sourceId}${String(index + 1).padStart(2, '0')}`;
      return [label, { school: where, code, label }];
    }),
  );
}
