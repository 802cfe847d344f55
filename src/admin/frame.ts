import { plainSchoolName } from '../directory/names.ts';
import type { Context } from '../http/context.ts';
import type { StaffModule, StaffSchool, StaffSession } from '../staff/types.ts';
import { AT, accountsAt, GUARDIANS, PUPILS, TROUBLESHOOTING } from './address.ts';
import { helpAddresses } from './help/address.ts';
import type { AdminFrame, Assistance, TabKey } from './pages.ts';
import type { AdminDoor, SchoolVisit } from './types.ts';
import { csrfOf, peopleOf } from './visit.ts';

type Tab = { key: TabKey; path: string; modules: readonly StaffModule[]; degrees: readonly number[] };

/** « Accueil » of each module. */
export const HOME = { administration: '/admin', troubleshooting: '/admin/depannage' } as const;

/** The tabs in their order; those of a school need one. Whose route is not there is not shown. */
const TABS: readonly Tab[] = [
  { key: 'home', path: HOME.administration, modules: ['administration'], degrees: [1, 2] },
  { key: 'home', path: HOME.troubleshooting, modules: ['troubleshooting'], degrees: [2] },
  {
    key: 'guardians',
    path: accountsAt(GUARDIANS).list,
    modules: ['administration'],
    degrees: [1, 2],
  },
  { key: 'pupils', path: accountsAt(PUPILS).list, modules: ['administration'], degrees: [2] },
  {
    key: 'pupils',
    path: accountsAt(TROUBLESHOOTING).list,
    modules: ['troubleshooting'],
    degrees: [2],
  },
  {
    key: 'statistics',
    path: `${AT}/statistiques`,
    modules: ['administration'],
    degrees: [1, 2],
  },
];

/**
 * Header and tabs of a page.
 * @param staff null: nobody is signed in
 * @param place the module, the school that the page is about, the tab that it belongs to
 */
export function frameOf(
  door: AdminDoor,
  ctx: Context,
  staff: StaffSession | null,
  place: { module: StaffModule; school?: StaffSchool | null; current?: TabKey },
): AdminFrame {
  const { module, school = null } = place;
  return {
    module,
    homeHref: HOME[module],
    user: staff && `${staff.givenName} ${staff.familyName}`.trim(),
    school: school && schoolLine(school),
    tabs: staff ? tabsOf(door, place) : [],
    ...(staff && school && module === 'administration' ? { helpHref: helpAddresses(door, school).help } : {}),
    signOut: staff && {
      action: '/admin/deconnexion',
      csrf: csrfOf(door, ctx),
    },
  };
}

function tabsOf(
  door: AdminDoor,
  { module, school, current }: { module: StaffModule; school?: StaffSchool | null; current?: TabKey },
): AdminFrame['tabs'] {
  return TABS.filter((tab) => tab.modules.includes(module) && door.paths.has(tab.path))
    .filter(({ path, degrees }) => (school ? degrees.includes(school.degree) : !path.includes(':uai')))
    .map(({ key, path }) => ({
      key,
      href: school ? path.replace(':uai', school.uai) : path,
      current: key === current,
    }));
}

/** Of a page about the accounts of guardians or pupils. */
export const accountsFrame = (door: AdminDoor, ctx: Context, visit: SchoolVisit): AdminFrame =>
  frameOf(door, ctx, visit.staff, { module: visit.module, school: visit.school, current: peopleOf(visit) });

/** Where a tab of this school leads; null when there is no such page. */
export function tabHref(
  door: AdminDoor,
  school: StaffSchool,
  key: TabKey,
  module: StaffModule = 'administration',
): string | null {
  const tabs = tabsOf(door, { module, school });
  return tabs.find((tab) => tab.key === key)?.href ?? null;
}

/** « 0311478N E.E.PR-SAINTE-FAMILLE DES MINIMES-ac-TOULOUSE TOULOUSE » */
const schoolLine = ({ uai, name, town }: StaffSchool) => [uai, name, town].filter(Boolean).join(' ');

/** Without the académie, which the directory writes behind it. */
export const plainName = ({ name }: StaffSchool) => plainSchoolName(name);

/** « 0210351T - ECOLE ELEMENTAIRE PUBLIQUE - BEZE » */
export const schoolLabel = (school: StaffSchool) =>
  [school.uai, plainName(school), school.town].filter(Boolean).join(' - ');

export function assistanceOf({ deps: { config } }: AdminDoor): Assistance {
  return { text: config.ASSISTANCE_TEXT, url: config.ASSISTANCE_URL ?? null };
}
