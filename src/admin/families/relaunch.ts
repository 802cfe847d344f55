import { dataDates } from '../../assistance/account.ts';
import { RELAUNCH_KINDS, type RelaunchKind, relaunchOf, SOON_DAYS } from '../../assistance/relaunch.ts';
import { listedName } from '../../directory/names.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { AT } from '../address.ts';
import { frameOf } from '../frame.ts';
import { pageNumber, pagingOf } from '../paging.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { csrfOf } from '../visit.ts';
import { accountHref, helpHref } from './address.ts';
import { helpLinks } from './links.ts';
import type { RelaunchPage } from './pages.ts';

const GROUPS = { expiring: 'bientot', expired: 'expires', activating: 'activation' } as const;
const ENDING = [
  { name: 'state', value: 'notified' },
  { name: 'expires', value: String(SOON_DAYS) },
];
/** All of a group, on whatever page, as the list of the guardians finds them (selection of the lists). */
const ALL: Record<RelaunchKind, { name: string; value: string }[]> = {
  expiring: ENDING,
  expired: ENDING,
  activating: [{ name: 'state', value: 'activating' }],
};

/** GET /relance: « Relance » before the three months are over. */
export async function showRelaunch(
  door: AdminDoor,
  ctx: Context,
  { staff, school, module }: SchoolVisit,
): Promise<void> {
  const { deps } = door;
  const asked = RELAUNCH_KINDS.find((key) => GROUPS[key] === ctx.query.groupe) ?? null;
  const { kind, counts, rows, ...at } = await relaunchOf(deps, school.id, {
    kind: asked,
    page: pageNumber(ctx.query.page),
  });
  const page: RelaunchPage = {
    frame: frameOf(door, ctx, staff, { module, school, current: 'guardians' }),
    links: await helpLinks(door, school, 'relaunch'),
    base: (await dataDates(deps, school.id)).base,
    kinds: RELAUNCH_KINDS.map((key) => ({
      key,
      href: helpHref(school, 'relaunch', { groupe: GROUPS[key] }),
      count: counts[key],
      current: key === kind,
    })),
    kind,
    count: counts[kind],
    form: formOf(door, ctx, school, kind),
    listHref: listHref(door, school, kind),
    rows: rows.map(({ publicId, identifier, ...row }) => ({
      publicId,
      name: listedName(row),
      identifier,
      href: accountHref(school, publicId),
      pupils: row.pupils,
      hasEmail: row.hasEmail,
      distributedAt: row.distributedAt,
      expiresAt: row.expiresAt,
      link: row.link,
      activationHref: row.kind === 'activating' ? `${accountHref(school, publicId)}/activation` : null,
    })),
    paging: pagingOf(at.page, at.pages, (number) =>
      helpHref(school, 'relaunch', { groupe: GROUPS[kind], page: number }),
    ),
  };
  showPage(deps, ctx, 'admin/families/relaunch', page);
}

function formOf(
  door: AdminDoor,
  ctx: Context,
  { uai }: StaffSchool,
  kind: RelaunchKind,
): RelaunchPage['form'] {
  const path = `${AT}/responsables/confirmer`;
  if (!door.paths.has(path)) return null;
  return {
    action: path.replace(':uai', uai),
    csrf: csrfOf(door, ctx),
    all: [{ name: 'all', value: '1' }, { name: 'q', value: '' }, ...ALL[kind]],
  };
}

function listHref({ paths }: AdminDoor, { uai }: StaffSchool, kind: RelaunchKind): string | null {
  const path = `${AT}/responsables`;
  if (!paths.has(path)) return null;
  const query = new URLSearchParams(ALL[kind].map(({ name, value }): [string, string] => [name, value]));
  return `${path.replace(':uai', uai)}?q=&${query}`;
}
