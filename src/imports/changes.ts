import { readGuardian, readPupil } from './dialects.ts';
import type { Degree, FeedRecord, RawGuardian, RawPupil } from './types.ts';

/**
 * Files of changes (integration.md 2.1, 2.2): a modifyRequest names the attributes that it replaces, the others stay
 * as they are known. One that is named without a value is deleted.
 */
type Attributes<T> = Partial<Record<keyof T, string>>;

const PUPIL: Record<Degree, Attributes<RawPupil>> = {
  1: {
    familyName: 'ENTPersonNom',
    givenName: 'ENTPersonPrenom',
    birthDate: 'ENTPersonDateNaissance',
    ine: 'ENTEleveINE',
    school: 'ENTPersonStructRattach',
    className: 'ENTPersonClasses',
    level: 'ENTEleveNiveau',
    cycle: 'ENTEleveCycle',
    guardians: 'ENTEleveAutoriteParentale',
  },
  2: {
    familyName: 'sn',
    givenName: 'givenName',
    birthDate: 'ENTPersonDateNaissance',
    ine: 'ENTEleveINE',
    school: 'ENTPersonStructRattach',
    className: 'ENTEleveClasses',
    level: 'ENTEleveNivFormation',
    mefCode: 'ENTEleveMEF',
    mefLabel: 'ENTEleveLibelleMEF',
    siecleId: 'ENTEleveStructRattachId',
    guardians: 'ENTElevePersRelEleve',
  },
};

const GUARDIAN: Record<Degree, Attributes<RawGuardian>> = {
  1: {
    title: 'ENTPersonCivilite',
    familyName: 'ENTPersonNom',
    givenName: 'ENTPersonPrenom',
    birthName: 'ENTPersonNomPatro',
    mobiles: 'ENTPersRelEleveTelMobile',
    email: 'ENTPersonMail',
    address: 'ENTPersonAdresse',
    postalCode: 'ENTPersonCodePostal',
    town: 'ENTPersonVille',
    country: 'ENTPersonPays',
  },
  2: {
    title: 'personalTitle',
    familyName: 'sn',
    givenName: 'givenName',
    birthName: 'ENTPersonNomPatro',
    email: 'mail',
    address: 'ENTPersonAdresse',
    postalCode: 'ENTPersonCodePostal',
    town: 'ENTPersonVille',
    country: 'ENTPersonPays',
  },
};

const SCHOOL = 'ENTPersonStructRattach';

/** The known pupil with what the record replaces. A class of the old school does not follow to another one. */
export function changedPupil(known: RawPupil, record: FeedRecord, degree: Degree): RawPupil {
  const moves = record.named.has(SCHOOL);
  if (!moves && known.school !== undefined) record.values.set(SCHOOL, [known.school]);
  const said = readPupil(record, degree);
  const changed = overlay(known, said, PUPIL[degree], record.named);
  if (moves && said.school !== known.school && !record.named.has(PUPIL[degree].className ?? '')) {
    changed.className = undefined;
  }
  // The label of the new MEF comes from the file of labels when the change does not bring it.
  if (changed.mefCode !== known.mefCode && said.mefLabel === undefined) changed.mefLabel = undefined;
  return changed;
}

/** The same for a guardian: a mobile that is named without a number is deleted, with the consent to SMS. */
export function changedGuardian(known: RawGuardian, record: FeedRecord, degree: Degree): RawGuardian {
  const said = readGuardian(record, degree);
  const changed = overlay(known, said, GUARDIAN[degree], record.named);
  if (degree === 1) return changed;
  const plain = record.named.has('mobile')
    ? (record.values.get('mobile') ?? [])
    : known.mobiles.filter((mobile) => !known.consented?.includes(mobile));
  const consented = record.named.has('ENTPersonMobileSMS') ? (said.consented ?? []) : (known.consented ?? []);
  // Named empty, `mobile` takes the number away even where it is the one known for SMS.
  const gone = record.named.has('mobile') && plain.length === 0 && !record.named.has('ENTPersonMobileSMS');
  return { ...changed, consented: gone ? [] : consented, mobiles: gone ? [] : [...consented, ...plain] };
}

function overlay<T extends object>(known: T, said: T, fields: Attributes<T>, named: ReadonlySet<string>): T {
  const changed = { ...known };
  for (const [field, attribute] of Object.entries(fields) as [keyof T, string][]) {
    if (named.has(attribute)) changed[field] = said[field];
  }
  return changed;
}
