import { chunksOf } from '../db/batch.ts';
import { groupBy } from '../db/rows.ts';
import type { Deps } from '../deps.ts';
import { genderOf } from '../enrolment/matching.ts';
import { nameKey } from './facts.ts';

import { mobileKind } from './mobile.ts';
import {
  countQualityPupils,
  findMobileOwners,
  findQualityDetails,
  findQualityGuardians,
  findQualityPupils,
  type MobileOwner,
  PUPIL_LISTS,
  type PupilItem,
  type PupilList,
  type QualityGuardian,
  type Slice,
} from './quality-store.ts';
import type { MobileKind, Settings } from './types.ts';

export { PUPIL_LISTS, type PupilItem } from './quality-store.ts';

/** What the records of a school lack, looked at before anything is distributed. */
export const GUARDIAN_LISTS = ['no-mobile', 'bad-mobile', 'shared-mobile', 'no-email', 'several'] as const;
export const QUALITY_LISTS = [...PUPIL_LISTS, ...GUARDIAN_LISTS] as const;
type GuardianList = (typeof GUARDIAN_LISTS)[number];
export type QualityList = (typeof QUALITY_LISTS)[number];

export type GuardianItem = Pick<QualityGuardian, 'givenName' | 'familyName'> & {
  publicId: string | null;
  identifier: string | null;
  mobileRaw: string | null;
  /** Of this school. */
  pupils: string[];
  /** Of `bad-mobile`: why; of `shared-mobile`: who else of this school has it, and how many elsewhere at least. */
  why: Exclude<MobileKind, 'usable' | 'missing'> | null;
  others: string[];
  elsewhere: number;
};

export type Quality = {
  schoolId: number;
  total: { pupils: number; guardians: number };
  counts: Record<QualityList, number>;
  records: readonly QualityGuardian[];
  guardians: Record<GuardianList, readonly QualityGuardian[]>;
};

type Needs = Pick<Deps, 'db' | 'config'>;

/** How many records lack what: two statements, whatever the size of the school; a third where names are spelt in two ways. */
export async function qualityOf({ db, config }: Needs, schoolId: number): Promise<Quality> {
  const { all, ...pupils } = await countQualityPupils(db, schoolId);
  const records = await findQualityGuardians(db, schoolId);
  const guardians = sortOut(config, records, await sharing(db, records));
  const counts = { ...pupils } as Quality['counts'];
  for (const list of GUARDIAN_LISTS) counts[list] = guardians[list].length;
  return { schoolId, total: { pupils: all, guardians: records.length }, counts, records, guardians };
}

/** Numbers of a statement that asks who is behind them. */
const NUMBERS = 100;

/**
 * Who shares his mobile with somebody of another name. The server has named one to each; only where that one turns out
 * to be the same person, spelt otherwise, all who have the number are read.
 */
async function sharing(
  db: Needs['db'],
  records: readonly QualityGuardian[],
): Promise<(one: QualityGuardian) => boolean> {
  const unsure = records.filter((one) => one.sharer !== null && nameKey(one.sharer) === nameKey(one));
  const owners = await ownersOf(db, unsure);
  const doubtful = new Set(unsure.map(({ id }) => id));
  return (one) => {
    if (one.sharer === null || !doubtful.has(one.id)) return one.sharer !== null;
    const own = nameKey(one);
    return (owners.get(one.mobile ?? '') ?? []).some((owner) => nameKey(owner) !== own);
  };
}

async function ownersOf(
  db: Needs['db'],
  records: readonly QualityGuardian[],
): Promise<Map<string, MobileOwner[]>> {
  const mobiles = new Set(records.flatMap(({ mobile }) => (mobile === null ? [] : [mobile])));
  const owners: MobileOwner[] = [];
  for (const part of chunksOf([...mobiles], NUMBERS)) owners.push(...(await findMobileOwners(db, part)));
  return groupBy(owners, ({ mobile }) => mobile);
}

/** Pure: the same rules as the diagnosis of one guardian. */
function sortOut(
  config: Settings['config'],
  records: readonly QualityGuardian[],
  shares: (one: QualityGuardian) => boolean,
): Quality['guardians'] {
  const byKind = groupBy(records, (one) => mobileKind(config, one));
  const bad = new Set([...byKind].flatMap(([kind, ones]) => (isBad(kind) ? ones : [])));
  return {
    'no-mobile': byKind.get('missing') ?? [],
    'bad-mobile': records.filter((one) => bad.has(one)),
    'shared-mobile': records.filter(shares),
    'no-email': records.filter(({ email, hasAccountEmail }) => email === null && !hasAccountEmail),
    several: severalTimes(records),
  };
}

const isBad = (kind: MobileKind): kind is NonNullable<GuardianItem['why']> =>
  kind !== 'usable' && kind !== 'missing';

const isOfPupils = (list: QualityList): list is PupilList =>
  (PUPIL_LISTS as readonly string[]).includes(list);

/** A part of a list with all that is told of each: one statement or two, for each 500 lines. */
export async function qualityItems(
  { db, config }: Needs,
  { schoolId, records, guardians }: Quality,
  list: QualityList,
  slice: Slice,
): Promise<(PupilItem | GuardianItem)[]> {
  if (isOfPupils(list)) return findQualityPupils(db, schoolId, list, slice);
  const shown = guardians[list].slice(slice.offset, slice.offset + slice.limit);
  const details = new Map<number, Detail>();
  for (const part of chunksOf(shown))
    for (const [id, found] of await detailsOf(db, schoolId, part)) details.set(id, found);
  const others = list === 'shared-mobile' ? await othersBehind(db, records, shown) : () => NOBODY;
  return shown.map((one) => {
    const { givenName, familyName } = one;
    const kind = list === 'bad-mobile' ? mobileKind(config, one) : 'usable';
    const why = isBad(kind) ? kind : null;
    return { givenName, familyName, ...(details.get(one.id) ?? UNKNOWN), why, ...others(one) };
  });
}

type Detail = Pick<GuardianItem, 'publicId' | 'identifier' | 'mobileRaw' | 'pupils'>;
const UNKNOWN: Detail = { publicId: null, identifier: null, mobileRaw: null, pupils: [] };
type Behind = Pick<GuardianItem, 'others' | 'elsewhere'>;
const NOBODY: Behind = { others: [], elsewhere: 0 };

async function detailsOf(
  db: Needs['db'],
  schoolId: number,
  records: readonly QualityGuardian[],
): Promise<Map<number, Detail>> {
  const ids = records.map(({ id }) => id);
  const rows = groupBy(await findQualityDetails(db, schoolId, ids), ({ id }) => id);
  return new Map(
    [...rows].flatMap(([id, pairs]): [number, Detail][] => {
      const [first] = pairs;
      if (first === undefined) return [];
      const { publicId, identifier, mobileRaw } = first;
      return [[id, { publicId, identifier, mobileRaw, pupils: pairs.map(({ pupil }) => pupil) }]];
    }),
  );
}

/** Who else has the number of one of these. */
async function othersBehind(
  db: Needs['db'],
  records: readonly QualityGuardian[],
  shown: readonly QualityGuardian[],
): Promise<(one: QualityGuardian) => Behind> {
  const owners = await ownersOf(db, shown);
  const here = groupBy(records, ({ mobile }) => mobile ?? '');
  return (one) => {
    const own = nameKey(one);
    const others = (here.get(one.mobile ?? '') ?? []).filter((other) => nameKey(other) !== own);
    const names = new Map(others.map((other) => [nameKey(other), `${other.familyName} ${other.givenName}`]));
    const keys = new Set((owners.get(one.mobile ?? '') ?? []).map(nameKey));
    const elsewhere = [...keys].filter((key) => key !== own && !names.has(key)).length;
    return { others: [...names.values()], elsewhere };
  };
}

/** Two with another mobile and another address are two people of the same names, as far as one can tell. */
function mayBeOne(one: QualityGuardian, other: QualityGuardian): boolean {
  const differ = (a: string | null, b: string | null) => a !== null && b !== null && a !== b;
  return !(differ(one.mobile, other.mobile) && differ(one.email, other.email));
}

/** Records of the same names with accounts of their own; « M. » and « Mme » are two people. */
function severalTimes(records: readonly QualityGuardian[]): QualityGuardian[] {
  return [...groupBy(records, nameKey).values()].flatMap((same) => {
    if (same.length < 2) return [];
    const accounts = new Set(same.map(({ accountId, id }) => accountId ?? `record ${id}`));
    const genders = new Set(same.map(({ title }) => genderOf(title)));
    if (accounts.size < 2 || (genders.has('f') && genders.has('m'))) return [];
    return same.filter((one) => same.some((other) => other !== one && mayBeOne(one, other)));
  });
}
