import { hash } from 'node:crypto';
import { cleanText, NAME_LIMIT, searchName } from '../directory/names.ts';
import { normaliseMobile } from '../directory/phone.ts';
import type { RawGuardian, RawPupil, RawStaff } from './types.ts';

/** Link codes of a pupil who answers for himself (old 7, new 70): there is no guardian then (integration.md 2.3). */
const HIMSELF = new Set(['7', '70']);
const MAX_GUARDIANS = 30;

/**
 * What is kept of a record. Whoever changes what comes out of here or of `dialects.ts` raises RULES in `read.ts`: records
 * that are known as they stand are read anew then.
 */
export type Checked<T> = { ok: true; value: T } | { ok: false; reason: string };

/** The columns of `staged_pupils` and `pupils` that come from the record, ready to be written. */
export type PupilColumns = {
  ine: string | null;
  given_name: string;
  family_name: string;
  search_name: string;
  birth_date: string | null;
  class_code: string | null;
  class_label: string | null;
  level_code: string | null;
  level_label: string | null;
  cycle: string | null;
  mef_code: string | null;
  mef_label: string | null;
  siecle_id: string | null;
  digest: string;
};
/** A legal guardian of a pupil: his id in the feed and the code of the link. */
export type Link = [id: string, code: string];

/** @param today YYYY-MM-DD; nobody is born later */
export function checkPupil(
  raw: RawPupil,
  mefLabel: string | undefined,
  today: string,
): Checked<{ columns: PupilColumns; guardians: Link[]; brokenLinks: string[] }> {
  const names = checkNames(raw.givenName, raw.familyName);
  if (!names.ok) return names;
  const birth = readBirthDate(raw.birthDate, today);
  if (!birth.ok) return birth;
  const ine = cleanText(raw.ine).replaceAll(' ', '').toUpperCase();
  if (ine !== '' && !/^[0-9A-Z]{9,11}$/.test(ine)) return refused('the INE has not the form of one');
  const columns: PupilColumns = {
    ine: ine === '' ? null : ine,
    given_name: names.value.given_name,
    family_name: names.value.family_name,
    search_name: names.value.search_name,
    birth_date: birth.value,
    class_code: short(raw.className?.code, 100),
    class_label: short(raw.className?.label, 200),
    level_code: short(raw.level, 20),
    level_label: short(raw.level, 100),
    cycle: short(raw.cycle, 40),
    mef_code: short(raw.mefCode?.replace(/[^0-9A-Za-z]/g, ''), 11),
    mef_label: short(mefLabel ?? raw.mefLabel, 120),
    siecle_id: short(raw.siecleId?.replace(/[^\x21-\x7e]/g, ''), 40),
    digest: '',
  };
  columns.digest = digestOf(columns);
  const { guardians, broken } = legalGuardians(raw);
  return { ok: true, value: { columns, guardians, brokenLinks: broken } };
}

/** Legal guardians only, each once, and not the pupil himself. */
function legalGuardians(raw: RawPupil): { guardians: Link[]; broken: string[] } {
  const guardians = new Map<string, string>();
  const broken: string[] = [];
  for (const link of raw.guardians) {
    if (!isSourceId(link.id) || !/^\d{1,4}$/.test(link.code)) broken.push(link.text.slice(0, 80));
    else if (link.legal && !HIMSELF.has(link.code) && !guardians.has(link.id)) {
      if (guardians.size < MAX_GUARDIANS) guardians.set(link.id, link.code);
      else broken.push(link.text.slice(0, 80));
    }
  }
  return { guardians: [...guardians], broken };
}

export type GuardianColumns = {
  title: string | null;
  given_name: string;
  family_name: string;
  birth_name: string | null;
  search_name: string;
  mobile: string | null;
  mobile_raw: string | null;
  sms_consent: number | null;
  email: string | null;
  address: string | null;
  postal_code: string | null;
  town: string | null;
  country: string | null;
  digest: string;
};

/** Mobile and mail that cannot be used are left out, the record stands; the raw mobile is kept for the school. */
export function checkGuardian(
  raw: RawGuardian,
  origin: { academyCode: string; extraPrefixes: readonly string[] },
): Checked<GuardianColumns> {
  const names = checkNames(raw.givenName, raw.familyName);
  if (!names.ok) return names;
  const usable = raw.mobiles.map((typed) => ({ typed, mobile: normaliseMobile(typed, origin) }));
  const chosen = usable.find(({ mobile }) => mobile !== null) ?? usable[0];
  const email = cleanText(raw.email);
  const birthName = short(raw.birthName, NAME_LIMIT);
  const columns: GuardianColumns = {
    title: short(raw.title, 10),
    given_name: names.value.given_name,
    family_name: names.value.family_name,
    search_name: names.value.search_name,
    birth_name: birthName === names.value.family_name ? null : birthName,
    mobile: chosen?.mobile ?? null,
    mobile_raw: short(chosen?.typed, 60),
    sms_consent: raw.consented === null ? null : Number(raw.consented.includes(chosen?.typed ?? '')),
    email: isMailAddress(email) ? email : null,
    address: short(
      raw.address
        ?.replace(/\s*\$\s*/g, '\n')
        .replace(/\n+/g, '\n')
        .trim(),
      400,
      true,
    ),
    postal_code: short(raw.postalCode, 12),
    town: short(raw.town, NAME_LIMIT),
    country: short(raw.country, 60),
    digest: '',
  };
  columns.digest = digestOf(columns);
  return { ok: true, value: columns };
}

export type StaffColumns = {
  title: string | null;
  given_name: string;
  family_name: string;
  email: string | null;
  digest: string;
};
/** What somebody does in a school: the school's id in the feed, code (DIR, ENS...) and label. */
export type StaffFunction = [school: string, code: string, label: string | null];
const MAX_FUNCTIONS = 100;

/** A person of the staff with the functions in schools; functions that cannot be read are left out. */
export function checkStaff(raw: RawStaff): Checked<{ columns: StaffColumns; functions: StaffFunction[] }> {
  const names = checkNames(raw.givenName, raw.familyName);
  if (!names.ok) return names;
  const email = cleanText(raw.email);
  const functions = new Map<string, StaffFunction>();
  for (const text of raw.functions) {
    const [school = '', code = '', label] = text.split('$').map((field) => field.trim());
    if (!isSourceId(school) || !/^[0-9A-Z_-]{1,20}$/i.test(code)) continue;
    const key = `${school}$${code.toUpperCase()}`;
    if (functions.size < MAX_FUNCTIONS) functions.set(key, [school, code.toUpperCase(), short(label, 120)]);
  }
  const { given_name, family_name } = names.value;
  const columns = {
    title: short(raw.title, 10),
    given_name,
    family_name,
    email: isMailAddress(email) ? email : null,
  };
  const list = [...functions.values()].sort(([a, x], [b, y]) => (a + x < b + y ? -1 : 1));
  return {
    ok: true,
    value: { columns: { ...columns, digest: digestOf({ ...columns, list }) }, functions: list },
  };
}

/** Visible ASCII, without the separator of the feed. */
export function isSourceId(id: string): boolean {
  return /^[\x21-\x23\x25-\x7e]{1,64}$/.test(id);
}

/** SHA-256 of a row's values: what tells the next night whether anything changed. */
export function digestOf(columns: Readonly<Record<string, unknown>>): string {
  return hash('sha256', JSON.stringify(Object.values(columns)), 'base64url');
}

/** `dd/mm/yyyy` as the 2D writes it, `yyyy-mm-dd` as some 1D exports do; absent is allowed. */
export function readBirthDate(raw: string | undefined, today: string): Checked<string | null> {
  const text = cleanText(raw);
  if (text === '') return { ok: true, value: null };
  const french = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const [year, month, day] = french ? [french[3], french[2], french[1]] : iso ? iso.slice(1) : [];
  const date = `${year}-${month?.padStart(2, '0')}-${day?.padStart(2, '0')}`;
  const parsed = new Date(`${date}T00:00:00Z`);
  const exists = !Number.isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 10) === date;
  if (!exists) return refused('the birth date does not exist');
  if (date > today || date < '1900-01-01') return refused('the birth date is not that of somebody alive');
  return { ok: true, value: date };
}

function checkNames(
  givenName: string | undefined,
  familyName: string | undefined,
): Checked<{ given_name: string; family_name: string; search_name: string }> {
  const given_name = cleanText(givenName);
  const family_name = cleanText(familyName);
  if (given_name === '') return refused('the first name is missing');
  if (family_name === '') return refused('the name is missing');
  if (isTooLong(given_name) || isTooLong(family_name)) {
    return refused(`a name is longer than ${NAME_LIMIT} characters`);
  }
  return { ok: true, value: { given_name, family_name, search_name: searchName(family_name, given_name) } };
}

/** In characters, not in UTF-16 units. */
function isTooLong(name: string): boolean {
  return name.length > NAME_LIMIT && [...name].length > NAME_LIMIT;
}

/** One mailbox, plain enough to be sent to. */
function isMailAddress(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\.]+(\.[^\s@<>,;:"()[\]\\.]+)+$/.test(text)
  );
}

function short(raw: string | undefined, limit: number, lines = false): string | null {
  const text = lines ? (raw ?? '').split('\n').map(cleanText).join('\n').trim() : cleanText(raw);
  if (text.length > limit) return [...text].slice(0, limit).join('');
  return text === '' ? null : text;
}

function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
