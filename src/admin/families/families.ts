import { dataDates } from '../../assistance/account.ts';
import { FAMILY_FILTERS, familiesInDifficulty } from '../../assistance/families.ts';
import { listedName } from '../../directory/names.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import { pageNumber, pagingOf } from '../paging.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { accountHref, helpHref } from './address.ts';
import { helpLinks } from './links.ts';
import type { FamiliesPage } from './pages.ts';
import { shownCheck, shownFinding } from './shown.ts';

const MOTIVES = { all: null, failed: 'echec', stuck: 'bloque' } as const;

/** GET /familles: « Familles en difficulté ». */
export async function showFamilies(
  door: AdminDoor,
  ctx: Context,
  { staff, school, module }: SchoolVisit,
): Promise<void> {
  const { deps } = door;
  const filter = FAMILY_FILTERS.find((key) => MOTIVES[key] === ctx.query.motif) ?? 'all';
  const asked = { filter, page: pageNumber(ctx.query.page) };
  const families = await familiesInDifficulty(deps, school.id, asked);
  const data = await dataDates(deps, school.id);
  const page: FamiliesPage = {
    frame: frameOf(door, ctx, staff, { module, school, current: 'guardians' }),
    links: await helpLinks(door, school, 'families'),
    base: data.base,
    data,
    filters: FAMILY_FILTERS.map((key) => ({
      key,
      href: helpHref(school, 'families', { motif: MOTIVES[key] }),
      count: families.counts[key],
      current: key === filter,
    })),
    rows: families.rows.map(({ account, pupils, checks, findings }) => ({
      name: listedName(account),
      identifier: account.identifier,
      href: accountHref(school, account.publicId),
      pupils,
      checks: checks.map(shownCheck),
      findings: findings.map(shownFinding),
    })),
    paging: pagingOf(families.page, families.pages, (number) =>
      helpHref(school, 'families', { motif: MOTIVES[filter], page: number }),
    ),
  };
  showPage(deps, ctx, 'admin/families/families', page);
}
