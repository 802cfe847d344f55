import type { Degree, FeedRecord, RawGuardian, RawLink, RawPupil, RawStaff } from './types.ts';

/**
 * The two dialects of the feed (integration.md 2.3, 2.4): ONDE (1D) and SIECLE (2D) name the same things
 * differently and write the legal links differently. Here they become one; nothing is checked yet.
 */
export function readPupil(record: FeedRecord, degree: Degree): RawPupil {
  return degree === 1 ? pupil1D(record) : pupil2D(record);
}

export function readGuardian(record: FeedRecord, degree: Degree): RawGuardian {
  return degree === 1 ? guardian1D(record) : guardian2D(record);
}

/** `ENTPersonFonctions`: `structId$CODE$libellé$...`, in both degrees (integration.md 2.5). */
export function readStaff(record: FeedRecord): RawStaff {
  return {
    title: one(record, 'personalTitle', 'ENTPersonCivilite'),
    familyName: one(record, 'sn', 'ENTPersonNom', 'ENTPersonNomPatro'),
    givenName: one(record, 'givenName', 'ENTPersonPrenom'),
    email: one(record, 'mail', 'ENTPersonMail'),
    functions: all(record, 'ENTPersonFonctions'),
  };
}

/** Which degree a record is of by the names of its attributes; null when they tell nothing. */
export function degreeOfRecord({ values }: FeedRecord): Degree | null {
  const has = (...names: string[]) => names.some((name) => values.get(name)?.length);
  if (has('ENTPersonNom', 'ENTEleveAutoriteParentale', 'ENTPersonClasses', 'ENTEcoleCirconscription'))
    return 1;
  if (has('sn', 'givenName', 'ENTElevePersRelEleve', 'street', 'postalCode')) return 2;
  return null;
}

const one = (record: FeedRecord, ...names: string[]): string | undefined => {
  for (const name of names) {
    const value = record.values.get(name)?.[0];
    if (value !== undefined) return value;
  }
  return undefined;
};
const all = (record: FeedRecord, name: string): string[] => record.values.get(name) ?? [];

function pupil2D(record: FeedRecord): RawPupil {
  const school = one(record, 'ENTPersonStructRattach');
  return {
    familyName: one(record, 'sn', 'ENTPersonNomPatro'),
    givenName: one(record, 'givenName'),
    birthDate: one(record, 'ENTPersonDateNaissance'),
    ine: one(record, 'ENTEleveINE'),
    school,
    className: classOf(all(record, 'ENTEleveClasses'), school, (fields) => ({
      code: fields[1] ?? '',
      label: fields[1] ?? '',
    })),
    level: one(record, 'ENTEleveNivFormation'),
    cycle: undefined,
    mefCode: one(record, 'ENTEleveMEF'),
    mefLabel: one(record, 'ENTEleveLibelleMEF'),
    siecleId: one(record, 'ENTEleveStructRattachId'),
    guardians: all(record, 'ENTElevePersRelEleve').map(link2D),
  };
}

/** `idPers$codeLien$financier$legal$contact$paiement`; legal: 1 guardian, 2 in charge of the child, 0 contact. */
function link2D(text: string): RawLink {
  const fields = text.split('$').map((field) => field.trim());
  return { text, id: fields[0] ?? '', code: fields[1] ?? '', legal: fields[3] === '1' };
}

function pupil1D(record: FeedRecord): RawPupil {
  const school = one(record, 'ENTPersonStructRattach');
  return {
    familyName: one(record, 'ENTPersonNom', 'ENTPersonNomPatro'),
    givenName: one(record, 'ENTPersonPrenom'),
    birthDate: one(record, 'ENTPersonDateNaissance'),
    ine: one(record, 'ENTEleveINE'),
    school,
    className: classOf(all(record, 'ENTPersonClasses'), school, (fields) => ({
      code: fields.length >= 4 ? (fields[3] ?? '') : (fields[1] ?? ''),
      label: fields.length >= 5 ? (fields[4] ?? '') : (fields.at(-1) ?? ''),
    })),
    level: one(record, 'ENTEleveNiveau'),
    cycle: one(record, 'ENTEleveCycle'),
    mefCode: undefined,
    mefLabel: undefined,
    siecleId: undefined,
    guardians: all(record, 'ENTEleveAutoriteParentale').map(link1D),
  };
}

/** `idPers$codeLien`: whoever is named there has parental authority. */
function link1D(text: string): RawLink {
  const fields = text.split('$').map((field) => field.trim());
  return { text, id: fields[0] ?? '', code: fields[1] ?? '', legal: true };
}

/** The first class in the pupil's own school. */
function classOf(
  values: readonly string[],
  school: string | undefined,
  read: (fields: string[]) => { code: string; label: string },
): { code: string; label: string } | undefined {
  for (const value of values) {
    const fields = value.split('$').map((field) => field.trim());
    const found = read(fields);
    if (fields[0] === school && found.code !== '')
      return { code: found.code, label: found.label || found.code };
  }
  return undefined;
}

function guardian2D(record: FeedRecord): RawGuardian {
  const consented = all(record, 'ENTPersonMobileSMS');
  return {
    ...addressOf(record),
    title: one(record, 'personalTitle'),
    familyName: one(record, 'sn', 'ENTPersonNomPatro'),
    givenName: one(record, 'givenName'),
    birthName: one(record, 'ENTPersonNomPatro'),
    mobiles: [...consented, ...all(record, 'mobile')],
    consented,
    email: one(record, 'mail'),
  };
}

function guardian1D(record: FeedRecord): RawGuardian {
  return {
    ...addressOf(record),
    title: one(record, 'ENTPersonCivilite'),
    familyName: one(record, 'ENTPersonNom', 'ENTPersonNomPatro'),
    givenName: one(record, 'ENTPersonPrenom'),
    birthName: one(record, 'ENTPersonNomPatro'),
    mobiles: all(record, 'ENTPersRelEleveTelMobile'),
    consented: null,
    email: one(record, 'ENTPersonMail'),
  };
}

function addressOf(record: FeedRecord) {
  return {
    address: one(record, 'ENTPersonAdresse'),
    postalCode: one(record, 'ENTPersonCodePostal'),
    town: one(record, 'ENTPersonVille'),
    country: one(record, 'ENTPersonPays'),
  };
}
