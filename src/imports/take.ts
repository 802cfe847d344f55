import { checkGuardian, checkPupil, checkStaff, digestOf, isSourceId } from './check.ts';
import { readGuardian, readPupil, readStaff } from './dialects.ts';
import { keyOf, labelKey, newPublicId, type Reading, stageRow } from './reading.ts';
import { takeLabel, takeSchool } from './take-schools.ts';
import {
  FeedError,
  type FeedFile,
  type FeedRecord,
  type RawGuardian,
  type RawPupil,
  UNREADABLE,
} from './types.ts';

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
