import { baseOf } from '../../assistance/types.ts';
import { provisionalMonths } from '../../credentials/provisional.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { assistanceOf, frameOf } from '../frame.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { csrfOf } from '../visit.ts';
import { guideHref, helpAddresses } from './address.ts';
import { CASES, type CaseKey, type HelpAction, type HelpPage, STEPS, type StepKey } from './pages.ts';

type Addresses = ReturnType<typeof helpAddresses>;
/** Its text with where it leads. */
type Lead = [key: string, href: string | null];

/** What helps in each of the usual cases. */
const CASE_LEADS: Record<CaseKey, (to: Addresses) => Lead[]> = {
  address: (to) => [['find', to.guardians()]],
  identifier: (to) => [['find', to.guardians()]],
  passwordKept: (to) => [['notified', to.guardians('state=notified')]],
  passwordChanged: (to) => [['changed', to.guardians('state=activating&state=activated')]],
  activationLink: (to) => [['activating', to.guardians('state=activating')]],
  email: (to) => [['activating', to.guardians('state=activating')]],
  birthDate: (to) => [['families', to.families]],
  mobileSms: (to) => [
    ['families', to.families],
    ['quality', to.quality],
  ],
  mobileFranceConnect: (to) => [['families', to.families]],
};

/** What is done in the course of a year. */
const STEP_LEADS: Record<StepKey, (to: Addresses) => Lead[]> = {
  before: (to) => [
    ['quality', to.quality],
    ['message', to.message],
    ['flyer', to.flyer],
  ],
  start: (to) => [
    ['withEmail', to.guardians('state=not_notified&email=with')],
    ['withoutEmail', to.guardians('state=not_notified&email=without')],
    ['notNotified', to.guardians('state=not_notified')],
  ],
  newcomers: (to) => [['notNotified', to.guardians('state=not_notified')]],
  progress: (to) => [
    ['statistics', to.statistics],
    ['waiting', to.guardians('state=notified&state=activating')],
    ['attachments', to.attachments],
  ],
  relaunch: (to) => [
    ['relaunch', to.relaunch ?? to.guardians('expires=15')],
    ['activating', to.relaunchActivation ?? to.guardians('state=activating')],
  ],
};

const leading = (leads: Lead[]): HelpAction[] =>
  leads.flatMap(([key, href]) => (href === null ? [] : [{ key, href }]));

/** GET /aide: the usual cases and the year's path, each with what does it; the documents; whom to ask. */
export function showHelp(door: AdminDoor, ctx: Context, { staff, school, module }: SchoolVisit): void {
  const to = helpAddresses(door, school);
  const { handOut } = to;
  const page: HelpPage = {
    frame: frameOf(door, ctx, staff, { module, school }),
    degree: school.degree,
    base: baseOf(school.degree),
    siteUrl: door.deps.config.BASE_URL,
    months: provisionalMonths(door.deps.config),
    linkDays: door.deps.config.ACTIVATION_LINK_VALID_DAYS,
    cases: CASES.map((key) => ({ key, actions: leading(CASE_LEADS[key](to)) })),
    year: STEPS.map((key) => ({ key, actions: leading(STEP_LEADS[key](to)) })),
    searchHref: to.guardians(),
    handOut: handOut === null ? null : { action: handOut, csrf: csrfOf(door, ctx) },
    documents: { guide: guideHref(door), message: to.message, flyer: to.flyer },
    assistance: assistanceOf(door),
  };
  showPage(door.deps, ctx, 'admin/help/show', page);
}
