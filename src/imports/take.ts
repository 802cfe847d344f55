import { cleanText } from '../directory/names.ts';
import { checkGuardian, checkPupil, checkStaff, digestOf, isSourceId } from './check.ts';
import { readGuardian, readPupil, readStaff } from './dialects.ts';
import { addSchool, keyOf, labelKey, newPublicId, type Reading, stageRow } from './reading.ts';
import {
  FeedError,
  type FeedFile,
  type FeedRecord,
  type RawGuardian,
  type RawPupil,
  UNREADABLE,
} from './types.ts';

/** Of a nation: 60,000 schools, a few thousand MEF in each académie. */
const MAX_SCHOOLS = 200_000;
const MAX_LABELS = 500_000;

type Reason = string | null;
const VERBS = new Set(['addRequest', 'modifyRequest', 'deleteRequest']);

/** Checks a record and puts it into its buffer; one that is no use is reported and does not stop the others. */
export function takeRecord(reading: Reading, file: FeedFile, record: FeedRecord): void {
  if (record.verb !== 'addRequest' && !file.delta) {
    throw new FeedError(file.name, `record #${record.position} is a change (${record.verb}) in a whole feed`);
  }
  if (!VERBS.has(record.verb)) {
    throw new FeedError(file.name, `record #${record.position} is a <${record.verb.slice(0, 40)}>`);
  }
  countRecord(reading, file);
  const id = record.id || record.values.get('ENTPersonJointure')?.[0] || '';
  const reason = takeByType(reading, file, record, id);
  if (reason !== null) refuse(reading, file, id || `#${record.position}`, reason);
}

/** Counts a record among those that were read. */
export function countRecord({ read }: Reading, { type }: FeedFile): void {
  if (type === 'EtabEducNat') read.schools += 1;
  if (type === 'PersRelEleve') read.guardians += 1;
  if (type === 'Eleve') read.pupils += 1;
  if (type === 'PersEducNat') read.staff += 1;
}

export function refuse(reading: Reading, file: FeedFile, record: string, reason: string): void {
  reading.refusals.add({ file: file.name, record, reason });
}

function takeByType(reading: Reading, file: FeedFile, record: FeedRecord, id: string): Reason {
  if (record.category !== '' && !isKind(record.category, file.type)) {
    return `it is a ${record.category.slice(0, 30)} in a file of ${file.type}`;
  }
  if (file.type === 'MefEducNat') {
    return record.verb === 'deleteRequest' ? null : takeLabel(reading, file, record, id);
  }
  if (id === '') return 'the id is missing';
  if (!isSourceId(id)) return 'the id holds characters that no id has';
  if (record.verb !== 'addRequest') return takeChange(reading, file, record, id);
  if (file.type === 'EtabEducNat') return takeSchool(reading, file, record, id);
  if (file.type === 'PersEducNat') return takeStaff(reading, file, record, id);
  return file.type === 'Eleve'
    ? stagePupil(reading, file, id, readPupil(record, file.degree), record.digest)
    : stageGuardian(reading, file, id, readGuardian(record, file.degree), record.digest);
}

/** Schools are known by whole feeds: a change of one waits for the next of these. */
function takeChange(reading: Reading, file: FeedFile, record: FeedRecord, id: string): Reason {
  if (file.type === 'EtabEducNat') return 'changes of schools are taken from whole feeds only';
  const key = {
    academy_code: file.academyCode as string,
    degree: file.degree,
    source_id: id,
    file_no: file.no,
  };
  if (record.verb === 'deleteRequest') {
    const gone = { ...key, refused: 0, deleted: 1 } as const;
    if (file.type === 'Eleve')
      stageRow(reading, 'staged_pupils', { ...gone, school_no: null, public_id: null, guardians: null });
    else if (file.type === 'PersEducNat') stageRow(reading, 'staged_staff', { ...gone, functions: null });
    else stageRow(reading, 'staged_guardians', { ...gone, public_id: null });
    return null;
  }
  if (!record.onlyReplaces) return 'it changes by another operation than replace';
  if (file.type === 'PersEducNat') return 'changes of the staff are taken from whole feeds only';
  reading.changes.push({ file, record, id });
  return null;
}

function takeStaff(reading: Reading, file: FeedFile, record: FeedRecord, id: string): Reason {
  const checked = checkStaff(readStaff(record));
  const key = {
    academy_code: file.academyCode as string,
    degree: file.degree,
    source_id: id,
    file_no: file.no,
  };
  stageRow(
    reading,
    'staged_staff',
    checked.ok
      ? {
          ...key,
          refused: 0,
          functions: JSON.stringify(checked.value.functions),
          columns: checked.value.columns,
        }
      : { ...key, refused: 1, functions: null },
  );
  return checked.ok ? null : checked.reason;
}

function isKind(category: string, type: string): boolean {
  return type === 'MefEducNat' ? /^mef/i.test(category) : category.toLowerCase() === type.toLowerCase();
}

/** A MEF is named by its code, alone or behind the id of a school. */
function takeLabel(reading: Reading, file: FeedFile, { values }: FeedRecord, id: string): Reason {
  const code =
    values.get('ENTMEFCode')?.[0] ?? (values.get('ENTMefJointure')?.[0] ?? id).split('$').at(-1) ?? '';
  const label = cleanText(values.get('ENTLibelleMef')?.[0]);
  if (code === '' || label === '') return 'the code or the label is missing';
  if (reading.labels.size < MAX_LABELS) reading.labels.set(labelKey(file.academyCode as string, code), label);
  return null;
}

function takeSchool(reading: Reading, file: FeedFile, { values }: FeedRecord, id: string): Reason {
  const value = (...names: string[]) => cleanText(names.map((name) => values.get(name)?.[0]).find(Boolean));
  const academyCode = file.academyCode ?? value('ENTServAcCodeAcademie').replace(/^0+(?=\d)/, '');
  const uai = value('ENTStructureUAI').toUpperCase();
  const name = value('ENTStructureNomCourant').replaceAll('$', '-');
  if (!/^\d{7}[A-Z]$/.test(uai)) return 'the UAI has not the form of one';
  if (!/^[0-9A-Z]{1,3}$/.test(academyCode)) return 'the académie is missing';
  if (name === '') return 'the name is missing';
  const key = keyOf(academyCode, file.degree, id);
  if (reading.schoolsByKey.get(key)?.listed) return 'this id has been read before';
  if (reading.uais.has(uai)) return 'this UAI has been read before';
  if (reading.schools.length >= MAX_SCHOOLS) throw new FeedError(file.name, 'there are too many schools');
  const columns = {
    academyCode,
    academyName: (value('ENTServAcAcademie') || academyCode).slice(0, 80),
    degree: file.degree,
    sourceId: id,
    uai,
    name: name.slice(0, 200),
    town: value('l', 'ENTEcoleCommune', 'ENTStructureVille').slice(0, 120) || null,
    phone: value('telephoneNumber', 'ENTStructureTelephone').slice(0, 40) || null,
    contract:
      value('ENTEtablissementContrat')
        .replace(/[^\x21-\x7e]/g, '')
        .slice(0, 8) || null,
  };
  addSchool(reading, { ...columns, digest: digestOf(columns), listed: true, refused: 0 });
  return null;
}

/** @returns why it was not taken, or null */
export function stagePupil(
  reading: Reading,
  file: FeedFile,
  id: string,
  raw: RawPupil,
  recordDigest?: string,
): Reason {
  const academyCode = file.academyCode as string;
  const school = reading.schoolsByKey.get(keyOf(academyCode, file.degree, raw.school ?? ''));
  const label = raw.mefCode ? reading.labels.get(labelKey(academyCode, raw.mefCode)) : undefined;
  const checked = checkPupil(raw, label, reading.today);
  const key = { academy_code: academyCode, degree: file.degree, source_id: id, file_no: file.no };
  if (!checked.ok || !school) {
    if (school) school.refused += 1;
    stageRow(reading, 'staged_pupils', {
      ...key,
      school_no: null,
      refused: 1,
      public_id: null,
      guardians: null,
    });
    return checked.ok ? `the school ${(raw.school ?? '').slice(0, 30)} is not in the feed` : checked.reason;
  }
  for (const link of checked.value.brokenLinks) {
    school.refused += 1;
    refuse(reading, file, id, `the guardian "${link}" cannot be read`);
  }
  const unreadable = checked.value.brokenLinks.length > 0 ? [[UNREADABLE, '0']] : [];
  const guardians = JSON.stringify([...checked.value.guardians, ...unreadable]);
  stageRow(reading, 'staged_pupils', {
    ...key,
    school_no: school.no,
    refused: 0,
    public_id: newPublicId(reading),
    guardians,
    links_digest: digestOf({ school: raw.school, guardians }),
    record_digest: recordDigest,
    columns: checked.value.columns,
  });
  return null;
}

/** @returns why it was not taken, or null */
export function stageGuardian(
  reading: Reading,
  file: FeedFile,
  id: string,
  raw: RawGuardian,
  recordDigest?: string,
): Reason {
  const academyCode = file.academyCode as string;
  const { extraPrefixes } = reading;
  const checked = checkGuardian(raw, { academyCode, extraPrefixes });
  const key = { academy_code: academyCode, degree: file.degree, source_id: id, file_no: file.no };
  stageRow(
    reading,
    'staged_guardians',
    checked.ok
      ? {
          ...key,
          refused: 0,
          public_id: newPublicId(reading),
          record_digest: recordDigest,
          columns: checked.value,
        }
      : { ...key, refused: 1, public_id: null },
  );
  return checked.ok ? null : checked.reason;
}
