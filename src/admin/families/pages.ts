import type { FamilyFilter } from '../../assistance/families.ts';
import type { QualityList } from '../../assistance/quality.ts';
import type { RelaunchKind } from '../../assistance/relaunch.ts';
import type { CheckStory, DataDates, FindingCode, Way, WayStatus } from '../../assistance/types.ts';
import type { ActKind } from '../../audit/acts.ts';
import type { AdminPage, HelpLink } from '../pages.ts';
import type { Paging } from '../paging.ts';

/** What the pages of `views/admin/families/` are given. Templates write the sentences. */

type FamiliesPageFrame = AdminPage & { links: HelpLink[]; base: DataDates['base'] };

/** Texts of a page that are asked for by key take these; what a text does not use is ignored. */
export type TextParams = Record<'pupil' | 'number' | 'date' | 'count' | 'base' | 'school', string | number>;

/** A sentence, and who puts it right: `admin.families.findings.<code>`, `admin.families.remedies.<remedy>`. */
export type ShownFinding = {
  code: FindingCode;
  blocks: boolean;
  remedy: string | null;
  params: TextParams;
};
export type ShownCheck = Pick<CheckStory, 'way' | 'failed' | 'times' | 'lastAt' | 'outcome' | 'arrivedAt'> & {
  remedy: string | null;
  params: TextParams;
};

/** `admin/families/diagnosis` of the account page. */
export type ShownDiagnosis = {
  ways: { way: Way; status: WayStatus; findings: ShownFinding[] }[];
  checks: ShownCheck[];
  /** Null: not for whoever only troubleshoots, or not of a pupil. */
  journalHref: string | null;
  attachmentsHref: string | null;
};

/** A choice between lists, as links with their counts. */
export type Choice<Key extends string> = { key: Key; href: string; count: number; current: boolean }[];

type Person = { name: string; identifier: string; href: string };

/** `admin/families/families` */
export type FamiliesPage = FamiliesPageFrame & {
  filters: Choice<FamilyFilter>;
  data: DataDates;
  rows: (Person & { pupils: string[]; checks: ShownCheck[]; findings: ShownFinding[] })[];
  paging: Paging;
};

/** `admin/families/quality` */
export type QualityPage = FamiliesPageFrame & {
  data: DataDates;
  total: { pupils: number; guardians: number };
  degree: 1 | 2;
  pupilLists: Choice<QualityList>;
  guardianLists: Choice<QualityList>;
  /** The list that was asked for; null: the counts only. */
  list: {
    key: QualityList;
    of: 'pupils' | 'guardians';
    count: number;
    csvHref: string;
    rows: {
      name: string;
      identifier: string | null;
      href: string | null;
      className: string | null;
      number: string | null;
      pupils: string[];
      why: string | null;
      others: string[];
      elsewhere: number;
    }[];
    paging: Paging;
  } | null;
};

/** `admin/families/relaunch`; the form leads to the confirmation of « (Re)Notifier les comptes ». */
export type RelaunchPage = FamiliesPageFrame & {
  kinds: Choice<RelaunchKind>;
  kind: RelaunchKind;
  count: number;
  /** Null: there is no such page. */
  form: { action: string; csrf: string; all: { name: string; value: string }[] } | null;
  listHref: string | null;
  rows: (Person & {
    publicId: string;
    pupils: string[];
    hasEmail: boolean;
    distributedAt: Date | null;
    expiresAt: Date | null;
    link: { sentAt: Date; works: boolean } | null;
    /** Where the mail of activation is sent again. */
    activationHref: string | null;
  })[];
  paging: Paging;
};

/** `admin/families/attachments` */
export type AttachmentsPage = FamiliesPageFrame & {
  states: Choice<'open' | 'closed'>;
  state: 'open' | 'closed';
  /** What has just been done, or that somebody was faster. */
  news: 'kept' | 'removed' | 'reopen' | 'decided' | null;
  form: { action: string; csrf: string };
  rows: {
    key: string;
    pupil: string;
    guardian: string;
    identifier: string | null;
    href: string | null;
    linked: boolean;
    reportedAt: Date;
    closed: { at: Date; by: string | null; outcome: 'kept' | 'removed' | 'withdrawn' | null } | null;
  }[];
  paging: Paging;
};

export type ShownAct = {
  at: Date;
  kind: ActKind;
  event: string;
  refused: boolean;
  /** Null: not one of the staff; `by` says what. */
  who: string | null;
  by: 'person' | 'school' | 'operator' | 'system';
  accounts: number;
  account: { name: string; identifier: string; href: string | null } | null;
  /** Of a distribution: `sheet`, `email`; of a list: `csv`, `pdf`. */
  how: string | null;
};

/** `admin/families/journal` */
export type JournalPage = FamiliesPageFrame & {
  action: string;
  days: { value: number; current: boolean }[];
  kinds: { value: ActKind; current: boolean }[];
  people: { value: string; name: string; current: boolean }[];
  identifier: string;
  /** The identifier typed is of nobody who has to do with this school. */
  unknown: boolean;
  /** `here`: of this school today. */
  account: { name: string; identifier: string; here: boolean } | null;
  password: { since: Date; acts: ShownAct[]; elsewhere: number } | null;
  acts: ShownAct[];
  paging: Paging;
};
