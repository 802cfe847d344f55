import type { AdminPage, Assistance } from '../pages.ts';

/** What the pages of `views/admin/help/` are given. Templates and texts have the sentences. */

/** The usual cases in the order of; texts `admin.help.cases.<key>`. */
export const CASES = [
  'address',
  'identifier',
  'passwordKept',
  'passwordChanged',
  'activationLink',
  'email',
  'birthDate',
  'mobileSms',
  'mobileFranceConnect',
] as const;
export type CaseKey = (typeof CASES)[number];

/** The year's path of R-157; texts `admin.help.year.<key>`. */
export const STEPS = ['before', 'start', 'newcomers', 'progress', 'relaunch'] as const;
export type StepKey = (typeof STEPS)[number];

/** One thing to do about it; text `admin.help.actions.<key>`. */
export type HelpAction = { key: string; href: string };

/** `admin/help/show` */
export type HelpPage = AdminPage & {
  degree: 1 | 2;
  /** The pupils' base of this degree, where the school corrects. */
  base: 'ONDE' | 'SIECLE';
  /** Where families sign in. */
  siteUrl: string;
  /** How long a provisional password and the link of an activation mail are good. */
  months: number;
  linkDays: number;
  cases: { key: CaseKey; actions: HelpAction[] }[];
  year: { key: StepKey; actions: HelpAction[] }[];
  /** Finds one family in the list; null: there is no list. */
  searchHref: string | null;
  /** The list for those who hand out the sheets. */
  handOut: { action: string; csrf: string } | null;
  documents: { guide: string; message: string; flyer: string };
  assistance: Assistance;
};

/** `admin/help/message` */
export type MessagePage = AdminPage & {
  subject: string;
  text: string;
  helpHref: string;
  textHref: string;
  flyerHref: string;
};
