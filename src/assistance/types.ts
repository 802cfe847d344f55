import type { Account } from '../accounts/types.ts';
import type { Deps } from '../deps.ts';
import type { FailedCheck } from '../enrolment/failed-checks.ts';
import type { Names } from '../enrolment/same-name.ts';

/** The three ways in of R-175, in the order in which they are recommended. */
export const WAYS = ['franceconnect', 'sms', 'school'] as const;
export type Way = (typeof WAYS)[number];

/** What a mobile is worth as the directory holds it. `foreign`, `not-served`: no code leaves to such numbers. */
export type MobileKind = 'usable' | 'missing' | 'not-a-mobile' | 'foreign' | 'not-served';

/** A guardian's record in the directory, as far as somebody proves himself by it. */
export type ReferenceFacts = Names & {
  id: number;
  degree: 1 | 2;
  mobile: string | null;
  mobileRaw: string | null;
  email: string | null;
  /** NULL: as the record first came. */
  namesChangedAt: Date | null;
  mobileChangedAt: Date | null;
  /** People of other names behind the same mobile. */
  sharedWith: number;
  /** Another person of the same names has the same mobile: names do not tell which is meant. */
  ambiguous: boolean;
};

/** A pupil to whom a living legal link of the account leads. */
export type PupilFacts = {
  id: number;
  referenceId: number;
  givenName: string;
  familyName: string;
  degree: 1 | 2;
  schoolId: number;
  /** « 0312151V - E.E.PU-ALFRED DE MUSSET-ac-TOULOUSE » */
  school: string;
  hasIne: boolean;
  hasBirthDate: boolean;
  hasClass: boolean;
  ineChangedAt: Date | null;
  birthDateChangedAt: Date | null;
  linkedAt: Date;
  /** The guardian says that the child is not his. */
  disowned: boolean;
  /** The school of the child has found that he is right: to other schools the two have nothing to do with each other. */
  ruledOut: boolean;
};

/** Checks of a way that failed, of one kind together. */
export type FailedChecks = Pick<FailedCheck, 'way' | 'failed'> & { times: number; lastAt: Date };

/** All that the diagnosis of a guardian looks at. */
export type GuardianFacts = {
  account: Pick<
    Account,
    | 'id'
    | 'publicId'
    | 'identifier'
    | 'givenName'
    | 'familyName'
    | 'state'
    | 'email'
    | 'passwordKind'
    | 'provisionalCreatedAt'
    | 'distributedAt'
    | 'activatedAt'
    | 'lastLoginAt'
    | 'frozenAt'
  > & { franceConnectSince: Date | null; emailRefusedAt: Date | null };
  references: ReferenceFacts[];
  pupils: PupilFacts[];
  /** When a child last ceased to be the account's. */
  linkEndedAt: Date | null;
  checks: FailedChecks[];
  /** The last link to confirm the address (mail C07) that is still of use, or was. */
  activationLink: { sentAt: Date; expiresAt: Date } | null;
  /** Birth dates are not looked at until then: five wrong ones in 24 hours. */
  datesSuspendedUntil: Date | null;
};

/** What is configured and changes what is possible. */
export type Settings = {
  now: Date;
  /** Whose director asks: what is of another school is said, but not for him to correct. */
  schoolId: number;
  config: Pick<
    Deps['config'],
    'SMS_MOBILE_PREFIXES' | 'PHONE_EXTRA_MOBILE_PREFIXES' | 'PROVISIONAL_VALID_DAYS'
  >;
  offers: { sms: boolean; franceConnect: boolean };
};

/** The base in which something is corrected: 1st degree, 2nd degree. */
export type Base = 'ONDE' | 'SIECLE';
export const baseOf = (degree: 1 | 2): Base => (degree === 1 ? 'ONDE' : 'SIECLE');

/** Who puts it right: the school in a base, the other school of a child, or the school here. */
export type Remedy =
  | { by: 'base'; base: Base }
  | { by: 'other-school'; base: Base; school: string }
  | { by: 'action'; action: 'notify' | 'reset' | 'activation-mail' | 'attachments' }
  | { by: 'nobody' };

export type FindingCode =
  | 'frozen'
  | 'no-child'
  | 'no-mobile'
  | 'not-a-mobile'
  | 'foreign-mobile'
  | 'mobile-not-served'
  | 'shared-mobile'
  | 'ambiguous-mobile'
  | 'no-ine'
  | 'no-birth-date'
  | 'no-class'
  | 'disowned'
  | 'too-many-children'
  | 'dates-suspended'
  | 'not-notified'
  | 'provisional-expired'
  | 'provisional-expires'
  | 'provisional-pending'
  | 'no-email'
  | 'email-refused'
  | 'link-not-clicked'
  | 'link-expired'
  | 'no-password';

/** Something that a guardian lacks for a way; `blocks`: he cannot go it before that is put right. */
export type Finding = {
  code: FindingCode;
  blocks: boolean;
  remedy: Remedy;
  /** The child that it is about. */
  pupil?: string;
  /** The number as the base has it. */
  number?: string;
  /** Since when, or until when. */
  at?: Date;
  count?: number;
};

/** `used`: he gets in by it; `off`: the service does not offer it. */
export type WayStatus = 'used' | 'open' | 'blocked' | 'off';
export type WayDiagnosis = { way: Way; status: WayStatus; findings: Finding[] };

/**
 * What became of what failed. `succeeded`: he got in since then; `arrived`: the datum has changed since, he may try
 * again; `same`: it is as it was; `retry`: nothing in the base is to be corrected.
 */
export type CheckStory = FailedChecks & {
  outcome: 'succeeded' | 'arrived' | 'same' | 'retry';
  /** When the datum changed; with `arrived`. */
  arrivedAt: Date | null;
  remedy: Remedy;
};

export type Diagnosis = {
  ways: WayDiagnosis[];
  checks: CheckStory[];
  /** Some way is open, or used. */
  canGetIn: boolean;
};

/** Of when the data of a school are (X9): « données du … ». */
export type DataDates = {
  base: Base;
  /** `YYYY-MM-DD`: the day of the export. */
  exportedOn: string | null;
  takenAt: Date | null;
};
