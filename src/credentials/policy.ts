import type { Config } from '../config.ts';
import { isCommonPassword } from './common-passwords.ts';

/** Why a chosen password is refused; each has its sentence in the catalogue. */
export type PasswordFault =
  | 'too-short'
  | 'too-long'
  | 'no-letter'
  | 'no-digit'
  | 'common'
  | 'personal'
  | 'provisional'
  /** The one that must be changed. */
  | 'same'
  | 'unreadable'
  | 'different';

export type PasswordPolicy = Pick<Config, 'PASSWORD_MIN_LENGTH' | 'PASSWORD_MAX_LENGTH'>;

/** What a password must not be made of (security.md decision 3). */
export type PersonalFacts = {
  identifier: string;
  names: readonly string[];
  /** `YYYY-MM-DD` */
  birthDates: readonly string[];
  /** The provisional password in clear, which must not be kept. */
  provisional: string | null;
};

/** Longest input that is looked at at all, so that a megabyte never reaches a regular expression or argon2 (C09). */
const READ_LIMIT = 1024;

/**
 * R-065 and X18: 8 to 14 characters, letters and digits both; bounds from configuration. Deny list and personal
 * facts on top.
 * @returns every fault, in the order in which the page lists its rules; empty: accepted
 */
export function checkPassword(policy: PasswordPolicy, typed: string, facts: PersonalFacts): PasswordFault[] {
  if (typed.length > READ_LIMIT) return ['too-long'];
  // As the hasher takes it.
  const candidate = typed.normalize('NFC');
  const faults: PasswordFault[] = [];
  const length = [...candidate].length;
  if (length < policy.PASSWORD_MIN_LENGTH) faults.push('too-short');
  if (length > policy.PASSWORD_MAX_LENGTH) faults.push('too-long');
  if (!/\p{L}/u.test(candidate)) faults.push('no-letter');
  if (!/\p{Nd}/u.test(candidate)) faults.push('no-digit');
  if (/\p{Cc}|\uFFFD/u.test(candidate) || candidate !== candidate.trim()) faults.push('unreadable');
  if (faults.length > 0) return faults;
  if (facts.provisional !== null && candidate.toUpperCase() === facts.provisional) return ['provisional'];
  if (isPersonal(candidate, facts)) return ['personal'];
  return isCommonPassword(candidate) ? ['common'] : [];
}

function isPersonal(candidate: string, facts: PersonalFacts): boolean {
  const plain = fold(candidate);
  const letters = plain.replace(/[^a-z]/g, '');
  const digits = candidate.replace(/\D/g, '');
  const identifier = fold(facts.identifier).replace(/[^a-z0-9]/g, '');
  if (plain.replace(/[^a-z0-9]/g, '').includes(identifier)) return true;
  const whole = facts.names.map((name) => fold(name).replace(/[^a-z]/g, ''));
  const words = facts.names.flatMap((name) => fold(name).split(/[^a-z]+/));
  const names = [...whole, ...words].filter((name) => name.length >= 3);
  if (names.some((name) => letters === name || letters === name + name)) return true;
  return facts.birthDates.flatMap(writings).some((date) => digits === date);
}

/** The ways in which people write a date without signs. */
function writings(date: string): string[] {
  const [year = '', month = '', day = ''] = date.split('-');
  const short = year.slice(2);
  return [
    day + month + year,
    year + month + day,
    day + month + short,
    short + month + day,
    month + day + year,
  ];
}

/** Lower case, without accents. */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
