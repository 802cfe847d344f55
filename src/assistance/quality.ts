import type { Deps } from '../deps.ts';
import { genderOf } from '../enrolment/matching.ts';
import { nameKey } from './facts.ts';
import { groupBy } from './group.ts';
import { mobileKind } from './mobile.ts';
import {
  findMobileOwners,
  findQualityGuardians,
  findQualityPupils,
  type MobileOwner,
  type QualityGuardian,
  type QualityPupil,
} from './quality-store.ts';
import type { MobileKind, Settings } from './types.ts';

/** What the records of a school lack, looked at before anything is distributed. */
export const PUPIL_LISTS = ['no-ine', 'no-class', 'no-birth-date', 'no-guardian'] as const;
export const GUARDIAN_LISTS = ['no-mobile', 'bad-mobile', 'shared-mobile', 'no-email', 'several'] as const;
export const QUALITY_LISTS = [...PUPIL_LISTS, ...GUARDIAN_LISTS] as const;
export type QualityList = (typeof QUALITY_LISTS)[number];

export type PupilItem = Pick<QualityPupil, 'givenName' | 'familyName' | 'className'>;
export type GuardianItem = Pick<
  QualityGuardian,
  'givenName' | 'familyName' | 'publicId' | 'identifier' | 'mobileRaw'
> & {
  pupils: string[];
  /** Of `bad-mobile`: why; of `shared-mobile`: who else of this school has it, and how many elsewhere. */
  why: Exclude<MobileKind, 'usable' | 'missing'> | null;
  others: string[];
  elsewhere: number;
};

export type Quality = {
  total: { pupils: number; guardians: number };
  pupils: Record<(typeof PUPIL_LISTS)[number], PupilItem[]>;
  guardians: Record<(typeof GUARDIAN_LISTS)[number], GuardianItem[]>;
};

/** All the lists of a school: three statements, whatever its size. */
export async function qualityOf(deps: Pick<Deps, 'db' | 'config'>, schoolId: number): Promise<Quality> {
  const pupils = await findQualityPupils(deps.db, schoolId);
  const guardians = await findQualityGuardians(deps.db, schoolId);
  const owners = await findMobileOwners(deps.db, schoolId);
  return sortOut(deps.config, { pupils, guardians, owners });
}

/** Pure: the same rules as the diagnosis of one guardian. */
export function sortOut(
  config: Settings['config'],
  rows: { pupils: QualityPupil[]; guardians: QualityGuardian[]; owners: MobileOwner[] },
): Quality {
  const records = [...groupBy(rows.guardians, ({ id }) => id).values()].flatMap((pairs) => {
    const [first] = pairs;
    return first ? [{ ...first, pupils: pairs.map(({ pupil }) => pupil) }] : [];
  });
  const kindOf = new Map(records.map((one) => [one.id, mobileKind(config, one)]));
  const byMobile = groupBy(rows.owners, ({ mobile }) => mobile);
  const here = groupBy(records, ({ mobile }) => mobile ?? '');
  const shared = records.flatMap((one): GuardianItem[] => {
    const owners = byMobile.get(one.mobile ?? '') ?? [];
    if (one.mobile === null || owners.length < 2) return [];
    const own = nameKey(one);
    const keys = new Set(owners.map(nameKey));
    if (keys.size < 2) return [];
    const others = (here.get(one.mobile) ?? []).filter((other) => nameKey(other) !== own);
    const known = new Set([own, ...others.map(nameKey)]);
    const elsewhere = [...keys].filter((key) => !known.has(key)).length;
    const names = new Map(others.map((other) => [nameKey(other), `${other.familyName} ${other.givenName}`]));
    return [{ ...item(one), others: [...names.values()], elsewhere }];
  });
  const pupils = (lacks: (pupil: QualityPupil) => boolean) => rows.pupils.filter(lacks);
  const of = (kind: MobileKind) => records.filter(({ id }) => kindOf.get(id) === kind).map(item);
  return {
    total: { pupils: rows.pupils.length, guardians: records.length },
    pupils: {
      'no-ine': pupils(({ hasIne }) => !hasIne),
      'no-class': pupils(({ hasClass }) => !hasClass),
      'no-birth-date': pupils(({ hasBirthDate }) => !hasBirthDate),
      'no-guardian': pupils(({ hasGuardian }) => !hasGuardian),
    },
    guardians: {
      'no-mobile': of('missing'),
      'bad-mobile': records.flatMap((one): GuardianItem[] => {
        const why = kindOf.get(one.id) ?? 'usable';
        return why === 'usable' || why === 'missing' ? [] : [{ ...item(one), why }];
      }),
      'shared-mobile': shared,
      'no-email': records
        .filter(({ email, accountEmail }) => email === null && accountEmail === null)
        .map(item),
      several: severalTimes(records),
    },
  };
}

type GuardianRecord = QualityGuardian & { pupils: string[] };

function item(one: GuardianRecord): GuardianItem {
  const { givenName, familyName, publicId, identifier, mobileRaw, pupils } = one;
  return {
    givenName,
    familyName,
    publicId,
    identifier,
    mobileRaw,
    pupils,
    why: null,
    others: [],
    elsewhere: 0,
  };
}

/** Two with another mobile and another address are two people of the same names, as far as one can tell. */
function mayBeOne(one: GuardianRecord, other: GuardianRecord): boolean {
  const differ = (a: string | null, b: string | null) => a !== null && b !== null && a !== b;
  return !(differ(one.mobile, other.mobile) && differ(one.email, other.email));
}

/** Records of the same names with accounts of their own; « M. » and « Mme » are two people. */
function severalTimes(records: readonly GuardianRecord[]): GuardianItem[] {
  return [...groupBy(records, nameKey).values()].flatMap((same) => {
    const accounts = new Set(same.map(({ accountId, id }) => accountId ?? `record ${id}`));
    const genders = new Set(same.map(({ title }) => genderOf(title)));
    if (accounts.size < 2 || (genders.has('f') && genders.has('m'))) return [];
    return same.filter((one) => same.some((other) => other !== one && mayBeOne(one, other))).map(item);
  });
}
