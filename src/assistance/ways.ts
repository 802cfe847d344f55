import { provisionalExpiresAt } from '../credentials/provisional.ts';
import { MOST_CHILDREN } from '../enrolment/matching.ts';
import { mobileKind } from './mobile.ts';
import {
  baseOf,
  type Finding,
  type FindingCode,
  type GuardianFacts,
  type MobileKind,
  type PupilFacts,
  type ReferenceFacts,
  type Remedy,
  type Settings,
  WAYS,
  type Way,
  type WayDiagnosis,
  type WayStatus,
} from './types.ts';

/** What a guardian lacks for each of the three ways in: the table of R-175, and what the account adds. Pure. */

type Case = { facts: GuardianFacts; settings: Settings; mine: PupilFacts[] };

export function diagnoseWays(facts: GuardianFacts, settings: Settings): WayDiagnosis[] {
  const mine = distinct(facts.pupils.filter(({ disowned }) => !disowned));
  return WAYS.map((way) => diagnoseWay({ facts, settings, mine }, way));
}

function diagnoseWay(at: Case, way: Way): WayDiagnosis {
  const { offers } = at.settings;
  if (way !== 'school' && (!offers.sms || (way === 'franceconnect' && !offers.franceConnect)))
    return { way, status: 'off', findings: [] };
  const used = usesAlready(at, way);
  const findings = [...common(at), ...(way === 'school' ? bySchool(at) : used ? [] : byMobile(at, way))];
  const blocked = findings.some(({ blocks }) => blocks);
  const status: WayStatus = blocked ? 'blocked' : used ? 'used' : 'open';
  return { way, status, findings };
}

function usesAlready({ facts: { account } }: Case, way: Way): boolean {
  if (way === 'franceconnect') return account.franceConnectSince !== null;
  return way === 'school' && account.state === 'activated' && account.passwordKind === 'personal';
}

/** What stands in every way. */
function common({ facts, settings, mine }: Case): Finding[] {
  const found: Finding[] = [];
  const { frozenAt } = facts.account;
  if (frozenAt !== null)
    found.push({ code: 'frozen', blocks: true, at: frozenAt, remedy: { by: 'action', action: 'reset' } });
  if (mine.length === 0) found.push({ code: 'no-child', blocks: true, remedy: { by: 'nobody' } });
  const told = facts.pupils.filter(
    ({ disowned, ruledOut, schoolId }) => disowned && !(ruledOut && schoolId !== settings.schoolId),
  );
  for (const pupil of distinct(told))
    found.push({ ...about('disowned', pupil), remedy: attachmentRemedy(settings, pupil) });
  return found;
}

/** Mobile and birth dates. */
function byMobile({ facts, settings, mine }: Case, way: Way): Finding[] {
  const found: Finding[] = [];
  const where = { facts, settings };
  const kinds = facts.references.map((one) => ({ one, kind: mobileKind(settings.config, one) }));
  const usable = kinds.filter(({ kind }) => kind === 'usable');
  for (const { one } of usable) {
    const remedy = recordRemedy(where, one);
    const number = { number: one.mobileRaw ?? one.mobile ?? '' };
    // By SMS names must tell who is meant; FranceConnect says it, or he does once the code is proved.
    if (one.ambiguous)
      found.push({
        code: 'ambiguous-mobile',
        blocks: way === 'sms' && usable.length === 1,
        remedy,
        ...number,
      });
    else if (one.sharedWith > 0)
      found.push({ code: 'shared-mobile', blocks: false, count: one.sharedWith, remedy, ...number });
  }
  // A code to a number leads to the children of the records that have it, and to no others.
  const leading = new Set(usable.map(({ one }) => one.id));
  const reached = facts.pupils.filter(({ disowned, referenceId }) => !disowned && leading.has(referenceId));
  const asked = usable.length === 0 ? mine : distinct(reached);
  if (usable.length === 0 || asked.length === 0)
    for (const { one, kind } of kinds) if (kind !== 'usable') found.push(badMobile(where, one, kind));
  const provable = asked.filter(({ hasIne, hasBirthDate }) => hasIne && hasBirthDate);
  const none = provable.length === 0;
  for (const pupil of asked) {
    if (!pupil.hasIne)
      found.push({ ...about('no-ine', pupil), blocks: none, remedy: pupilRemedy(settings, pupil) });
    if (!pupil.hasBirthDate)
      found.push({ ...about('no-birth-date', pupil), blocks: none, remedy: pupilRemedy(settings, pupil) });
  }
  if (provable.length > MOST_CHILDREN)
    found.push({ code: 'too-many-children', blocks: true, count: provable.length, remedy: { by: 'nobody' } });
  found.push(...suspended(facts));
  return found;
}

/** The school's own credentials. */
function bySchool({ facts, settings, mine }: Case): Finding[] {
  const { account } = facts;
  const found: Finding[] = [];
  const notify: Remedy = { by: 'action', action: 'notify' };
  const expiresAt = provisionalExpiresAt(settings.config, account);
  const listed = mine.some(({ degree, hasIne, hasClass }) => hasIne && (degree === 2 || hasClass));
  const waits = account.state === 'not_notified' || (expiresAt !== null && expiresAt <= settings.now);
  if (account.state === 'not_notified') found.push({ code: 'not-notified', blocks: true, remedy: notify });
  if (expiresAt !== null) found.push(provisional(facts, settings, expiresAt));
  for (const pupil of mine) {
    const remedy = pupilRemedy(settings, pupil);
    if (!pupil.hasIne) found.push({ ...about('no-ine', pupil), blocks: waits && !listed, remedy });
    if (pupil.degree === 1 && !pupil.hasClass)
      found.push({ ...about('no-class', pupil), blocks: waits && !listed, remedy });
  }
  if (account.state === 'not_notified' || account.state === 'notified') {
    const dates = mine.some(({ hasBirthDate }) => hasBirthDate);
    for (const pupil of dates ? [] : mine)
      found.push({ ...about('no-birth-date', pupil), blocks: true, remedy: pupilRemedy(settings, pupil) });
    found.push(...emails(facts));
    if (account.state === 'notified') found.push(...suspended(facts));
  }
  if (account.state === 'activating') found.push(...activation(facts, settings));
  if (account.state === 'activated' && account.passwordKind === 'none')
    found.push({ code: 'no-password', blocks: true, remedy: { by: 'nobody' } });
  return found;
}

function provisional({ account }: GuardianFacts, { now }: Settings, expiresAt: Date): Finding {
  const remedy: Remedy = { by: 'action', action: 'notify' };
  if (expiresAt <= now) return { code: 'provisional-expired', blocks: true, at: expiresAt, remedy };
  const pending = account.state === 'activated' || account.state === 'activating';
  return {
    code: pending ? 'provisional-pending' : 'provisional-expires',
    blocks: false,
    at: expiresAt,
    remedy,
  };
}

function emails({ account, references }: GuardianFacts): Finding[] {
  if (account.emailRefusedAt !== null)
    return [
      { code: 'email-refused', blocks: false, at: account.emailRefusedAt, remedy: baseRemedy(references) },
    ];
  if (account.email !== null || references.some(({ email }) => email !== null)) return [];
  return [{ code: 'no-email', blocks: false, remedy: baseRemedy(references) }];
}

/** Signing in again shows the page from which he changes the address and has another link sent. */
function activation({ account, activationLink }: GuardianFacts, { now }: Settings): Finding[] {
  const remedy: Remedy = { by: 'action', action: 'activation-mail' };
  const refused: Finding[] =
    account.emailRefusedAt === null
      ? []
      : [{ code: 'email-refused', blocks: false, at: account.emailRefusedAt, remedy }];
  if (activationLink === null) return [...refused, { code: 'link-expired', blocks: false, remedy }];
  const over = activationLink.expiresAt <= now;
  const link: Finding = over
    ? { code: 'link-expired', blocks: false, at: activationLink.expiresAt, remedy }
    : { code: 'link-not-clicked', blocks: false, at: activationLink.sentAt, remedy };
  return [...refused, link];
}

const BAD: Record<Exclude<MobileKind, 'usable'>, FindingCode> = {
  missing: 'no-mobile',
  'not-a-mobile': 'not-a-mobile',
  foreign: 'foreign-mobile',
  'not-served': 'mobile-not-served',
};

function badMobile(where: Where, one: ReferenceFacts, kind: MobileKind): Finding {
  const code = BAD[kind as Exclude<MobileKind, 'usable'>];
  const number = kind === 'missing' ? {} : { number: one.mobileRaw ?? one.mobile ?? '' };
  return { code, blocks: true, remedy: recordRemedy(where, one), ...number };
}

function suspended({ datesSuspendedUntil }: GuardianFacts): Finding[] {
  if (datesSuspendedUntil === null) return [];
  return [{ code: 'dates-suspended', blocks: true, at: datesSuspendedUntil, remedy: { by: 'nobody' } }];
}

type Where = { facts: GuardianFacts; settings: Settings };

const about = (code: FindingCode, { givenName, familyName }: PupilFacts) => ({
  code,
  blocks: false,
  pupil: `${givenName} ${familyName}`,
});

export function pupilRemedy({ schoolId }: Settings, pupil: PupilFacts): Remedy {
  const base = baseOf(pupil.degree);
  if (pupil.schoolId === schoolId) return { by: 'base', base };
  return { by: 'other-school', base, school: pupil.school };
}

function attachmentRemedy(settings: Settings, pupil: PupilFacts): Remedy {
  if (pupil.schoolId === settings.schoolId) return { by: 'action', action: 'attachments' };
  return pupilRemedy(settings, pupil);
}

/** A guardian's record is corrected by the school of a child that it leads to; by this one, if it is one of them. */
export function recordRemedy({ facts, settings }: Where, record: ReferenceFacts): Remedy {
  const reached = facts.pupils.filter(({ referenceId, ruledOut }) => referenceId === record.id && !ruledOut);
  const base = baseOf(record.degree);
  const [first] = reached;
  if (first === undefined || reached.some(({ schoolId }) => schoolId === settings.schoolId))
    return { by: 'base', base };
  return { by: 'other-school', base, school: first.school };
}

const baseRemedy = ([first]: readonly ReferenceFacts[]): Remedy =>
  first === undefined ? { by: 'nobody' } : { by: 'base', base: baseOf(first.degree) };

/** A pupil reached by two records of the account is one. */
function distinct(pupils: readonly PupilFacts[]): PupilFacts[] {
  return [...new Map(pupils.map((pupil) => [pupil.id, pupil])).values()];
}
