import type { Context } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { field } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { accessTo } from '../staff/rights.ts';
import { saveChoice } from '../staff/store.ts';
import type { SchoolRights, StaffModule, StaffSession } from '../staff/types.ts';
import { delegationsHref } from './delegations/address.ts';
import { helpLinks } from './families/links.ts';
import { forcedHref } from './forced/address.ts';
import { assistanceOf, frameOf, HOME, plainName, schoolLabel, tabHref } from './frame.ts';
import { guideHref, helpAddresses } from './help/address.ts';
import type { HomePage, NeedsKeyPage, NoRightsPage } from './pages.ts';
import { recordRefusal } from './refusals.ts';
import type { AdminDoor, SchoolVisit, StaffVisit } from './types.ts';
import { csrfOf } from './visit.ts';

/** « Accueil » of both modules, and what is shown to whoever may not come in. */

const OTHER = { administration: 'troubleshooting', troubleshooting: 'administration' } as const;

/** Schools where he has this module, with the key or as soon as he has it. */
const schoolsOf = (staff: StaffSession, module: StaffModule) =>
  staff.schools.filter((rights) => accessTo(module, rights, staff) !== 'closed');

/** The school of all pages: the only one, or the one that was chosen while it is still his. */
function chosenSchool(staff: StaffSession, module: StaffModule): SchoolRights | null {
  const mine = schoolsOf(staff, module);
  if (mine.length === 1) return mine[0] ?? null;
  return mine.find(({ school }) => school.uai === staff.chosenUai) ?? null;
}

/** GET /admin. Whoever has the troubleshooting alone is led there. */
export async function showHome(door: AdminDoor, ctx: Context, { staff }: StaffVisit): Promise<void> {
  const hasModule = schoolsOf(staff, 'administration').length > 0;
  if (hasModule || schoolsOf(staff, 'troubleshooting').length === 0)
    await showHomeOf(door, ctx, staff, 'administration', chosenSchool(staff, 'administration'));
  else seeOther(ctx, HOME.troubleshooting);
}

/** GET /admin/depannage */
export async function showTroubleshooting(
  door: AdminDoor,
  ctx: Context,
  { staff }: StaffVisit,
): Promise<void> {
  await showHomeOf(door, ctx, staff, 'troubleshooting', chosenSchool(staff, 'troubleshooting'));
}

/** GET /admin/etablissements/:uai: « Accueil » of one of his schools, as a bookmark. */
export async function showSchool(
  door: AdminDoor,
  ctx: Context,
  { staff, rights, module }: SchoolVisit,
): Promise<void> {
  await showHomeOf(door, ctx, staff, module, rights);
}

async function showHomeOf(
  door: AdminDoor,
  ctx: Context,
  staff: StaffSession,
  module: StaffModule,
  chosen: SchoolRights | null,
): Promise<void> {
  const mine = schoolsOf(staff, module);
  if (mine.length === 0) {
    showNoRights(door, ctx, { staff });
    return;
  }
  if (chosen && accessTo(module, chosen, staff) === 'needs-key') {
    showNeedsKey(door, ctx, staff, chosen);
    return;
  }
  const { deps } = door;
  const school = chosen?.school ?? null;
  const administered = module === 'administration' ? school : null;
  const page: HomePage = {
    frame: frameOf(door, ctx, staff, { module, school, current: 'home' }),
    choice: mine.length === 1 ? null : choiceOf(door, ctx, mine, module),
    chosen: school && { name: plainName(school), uai: school.uai },
    guardiansHref: administered && tabHref(door, administered, 'guardians'),
    pupilsHref: school && tabHref(door, school, 'pupils', module),
    statisticsHref: administered && tabHref(door, administered, 'statistics'),
    helpLinks: administered && (await helpLinks(door, administered)),
    guideHref: guideHref(door),
    documents: administered && documentsOf(door, administered),
    headHrefs: administered && chosen?.roles.includes('head') ? headHrefs(administered) : null,
    otherHref: schoolsOf(staff, OTHER[module]).length > 0 ? HOME[OTHER[module]] : null,
  };
  showPage(deps, ctx, 'admin/home', page);
}

const headHrefs = (school: SchoolRights['school']): HomePage['headHrefs'] => ({
  delegations: delegationsHref(school),
  forced: forcedHref(school),
});

function documentsOf(door: AdminDoor, school: SchoolRights['school']): HomePage['documents'] {
  const { help, message, flyer } = helpAddresses(door, school);
  return { help, message, flyer };
}

function choiceOf(
  door: AdminDoor,
  ctx: Context,
  mine: readonly SchoolRights[],
  module: StaffModule,
): HomePage['choice'] {
  return {
    action: `${HOME[module]}/etablissement`,
    csrf: csrfOf(door, ctx),
    options: mine.map(({ school }) => ({ uai: school.uai, label: schoolLabel(school) })),
  };
}

/** POST /admin/etablissement, /admin/depannage/etablissement: « Choisir un établissement ». */
export function chooseSchool(module: StaffModule) {
  return async (door: AdminDoor, ctx: Context, { staff }: StaffVisit): Promise<void> => {
    const uai = field(ctx, 'school');
    // The first item of the list, which is no school.
    if (uai === '') return seeOther(ctx, HOME[module]);
    if (!schoolsOf(staff, module).some(({ school }) => school.uai === uai)) {
      await recordRefusal(door, ctx, staff, uai);
      throw new Fault('EC-404-PAGE');
    }
    await saveChoice(door.deps.db, staff.idHash, uai);
    seeOther(ctx, HOME[module]);
  };
}

/** Signed in, but nothing here is his. */
function showNoRights(door: AdminDoor, ctx: Context, { staff }: StaffVisit): void {
  const page: NoRightsPage = {
    frame: frameOf(door, ctx, staff, { module: 'administration' }),
    assistance: assistanceOf(door),
  };
  showPage(door.deps, ctx, 'admin/no-rights', page, 403);
}

/** The administration of this school asks for the key. */
export function showNeedsKey(door: AdminDoor, ctx: Context, staff: StaffSession, rights: SchoolRights): void {
  const open = accessTo('troubleshooting', rights, staff) === 'open';
  const page: NeedsKeyPage = {
    frame: frameOf(door, ctx, staff, { module: 'administration' }),
    school: plainName(rights.school),
    keyHref: '/admin/cle',
    troubleshootingHref: open ? HOME.troubleshooting : null,
    assistance: assistanceOf(door),
  };
  showPage(door.deps, ctx, 'admin/needs-key', page, 403);
}
