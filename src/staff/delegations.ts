import { type Actor, recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { dayInParis, endOfSchoolYear } from '../files/day.ts';
import { readAcademicEmail } from './claims.ts';
import {
  type DelegatedRole,
  type Delegation,
  endDelegations,
  insertDelegation,
  listDelegations,
  lockDelegation,
  lockSchool,
  prolongDelegation,
  wasEnded,
} from './delegations-store.ts';
import { modulesOf } from './rights.ts';
import type { StaffSchool } from './types.ts';

/**
 * Delegation by the head: a person of the school is given a module until a day. It is the school's, not the
 * head's: whoever heads it next finds it, prolongs it or ends it. Rights are read at each request, so that what is ended
 * here ends at once in a session that is open.
 */

export type { DelegatedRole, Delegation } from './delegations-store.ts';

/** Of one school at once; who has left is to be taken off the list. */
export const MOST_DELEGATIONS = 50;
const LONGEST_NAME = 120;

type Needs = Pick<Deps, 'db' | 'clock' | 'random'>;
type School = Pick<StaffSchool, 'id' | 'degree'>;

export type DelegationFault =
  | { field: 'person'; reason: 'missing' }
  | { field: 'email'; reason: 'missing' | 'invalid' | 'own' }
  | { field: 'role'; reason: 'missing' }
  | { field: 'until'; reason: DayFault };
type DayFault = 'missing' | 'invalid' | 'past' | 'too-late';

/** The modules that a head may give away, in their order: those that are there at a school of this degree. */
export function delegableModules({ degree }: Pick<School, 'degree'>): DelegatedRole[] {
  return modulesOf(degree);
}

/** From today until the end of the school year. */
export function daysAllowed(now: Date): { first: string; last: string } {
  const first = dayInParis(now);
  return { first, last: endOfSchoolYear(first) };
}

/** Of those that have not been ended: whose day is past may still be prolonged. */
export async function delegationsAt(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  { id }: Pick<School, 'id'>,
): Promise<(Delegation & { over: boolean })[]> {
  const today = dayInParis(clock.now());
  const all = await listDelegations(db, id, MOST_DELEGATIONS);
  return all.map((one) => ({ ...one, over: one.untilDay < today }));
}

/** What is wrong with a day that was given; `typed` empty or no day: `day` null. */
function faultOfDay(day: string | null, typed: string, now: Date): DayFault | null {
  const { first, last } = daysAllowed(now);
  if (day === null) return typed.trim() === '' ? 'missing' : 'invalid';
  if (day < first) return 'past';
  return day > last ? 'too-late' : null;
}

export type Named = {
  person: string;
  email: string;
  role: DelegatedRole | null;
  day: string | null;
  until: string;
};

export type DelegateResult =
  | { ok: true }
  | { ok: false; reason: 'refused'; faults: DelegationFault[] }
  | { ok: false; reason: 'already' | 'too-many' };

/** @param own the address of whoever names */
export async function delegate(
  deps: Needs,
  school: School,
  named: Named,
  { actor, own }: { actor: Actor; own: string | null },
): Promise<DelegateResult> {
  const now = deps.clock.now();
  const displayName = named.person
    .normalize('NFC')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME);
  const email = readAcademicEmail(named.email.trim());
  const faults: DelegationFault[] = [];
  if (displayName === '') faults.push({ field: 'person', reason: 'missing' });
  if (email === null)
    faults.push({ field: 'email', reason: named.email.trim() === '' ? 'missing' : 'invalid' });
  else if (email === own) faults.push({ field: 'email', reason: 'own' });
  const role = named.role !== null && delegableModules(school).includes(named.role) ? named.role : null;
  if (role === null) faults.push({ field: 'role', reason: 'missing' });
  const dayFault = faultOfDay(named.day, named.until, now);
  if (dayFault !== null) faults.push({ field: 'until', reason: dayFault });
  if (faults.length > 0 || email === null || role === null || named.day === null)
    return { ok: false, reason: 'refused', faults };
  const publicId = deps.random.bytes(16).toString('base64url');
  const delegation = { publicId, email, displayName, role, untilDay: named.day, createdAt: now };
  return inTransaction(deps.db, async (trx): Promise<DelegateResult> => {
    await lockSchool(trx, school.id);
    const there = await listDelegations(trx, school.id, MOST_DELEGATIONS);
    const today = dayInParis(now);
    // Whose day is past is named anew, and is not in the way of others.
    const past = there.filter(
      ({ untilDay, ...one }) => untilDay < today && one.email === email && one.role === role,
    );
    if (there.length - past.length >= MOST_DELEGATIONS) return { ok: false, reason: 'too-many' };
    await endDelegations(
      trx,
      past.map((one) => one.publicId),
      now,
    );
    if (!(await insertDelegation(trx, school.id, { ...delegation, createdBy: actor.actor ?? '' })))
      return { ok: false, reason: 'already' };
    await note(trx, school, actor, now, 'delegate', delegation);
    return { ok: true };
  });
}

export type ProlongResult =
  | { ok: true }
  | { ok: false; reason: 'unknown' }
  | { ok: false; reason: 'refused'; fault: DayFault };

/** Until another day, later or earlier. */
export async function prolong(
  deps: Needs,
  school: School,
  { publicId, day, until }: { publicId: string; day: string | null; until: string },
  actor: Actor,
): Promise<ProlongResult> {
  const now = deps.clock.now();
  return inTransaction(deps.db, async (trx): Promise<ProlongResult> => {
    const delegation = await lockDelegation(trx, school.id, publicId);
    if (delegation === null) return { ok: false, reason: 'unknown' };
    const fault = faultOfDay(day, until, now);
    if (fault !== null || day === null) return { ok: false, reason: 'refused', fault: fault ?? 'invalid' };
    await prolongDelegation(trx, publicId, day);
    await note(trx, school, actor, now, 'prolong-delegation', { ...delegation, untilDay: day });
    return { ok: true };
  });
}

/**
 * Twice, or by two heads at once, is done once.
 * @returns false when it was never one of this school
 */
export async function withdraw(
  deps: Needs,
  school: School,
  publicId: string,
  actor: Actor,
): Promise<boolean> {
  const now = deps.clock.now();
  return inTransaction(deps.db, async (trx) => {
    const delegation = await lockDelegation(trx, school.id, publicId);
    if (delegation === null) return wasEnded(trx, school.id, publicId);
    await endDelegations(trx, [publicId], now);
    await note(trx, school, actor, now, 'end-delegation', delegation);
    return true;
  });
}

/** The line names the delegation; who it is about stands in its row (decision 11). */
async function note(
  trx: Parameters<typeof recordAudit>[0],
  school: School,
  actor: Actor,
  now: Date,
  event: string,
  { publicId, role, untilDay }: Pick<Delegation, 'publicId' | 'role' | 'untilDay'>,
): Promise<void> {
  const details = `${role} until ${untilDay}, ${publicId}`;
  await recordAudit(trx, { ...actor, at: now, event, outcome: 'done', schoolId: school.id, details });
}
