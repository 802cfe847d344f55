import { type GuardianRow, isSettled } from '../../accounts/guardian-filters.ts';
import { countGuardians, findGuardianRows } from '../../accounts/guardians-store.ts';
import { listedName } from '../../directory/names.ts';
import { findClasses, findMefs } from '../../directory/options-store.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { atSchool } from '../address.ts';
import { helpLinks } from '../families/links.ts';
import { frameOf } from '../frame.ts';
import { pagesAround, pagingOf, rowsOfPage } from '../paging.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { csrfOf } from '../visit.ts';
import type { Column, Criteria, GuardiansPage, Results, Row } from './pages.ts';
import {
  filtersOf,
  type GuardianSearch,
  ORIGINS,
  ofAddress,
  ofForm,
  readSearch,
  STATES,
  searchFields,
  searchQuery,
} from './search.ts';

/** « Gestion des comptes responsables » (section K, R-170). */

const PAGE_ROWS = 50;

const COLUMNS = {
  1: ['pupil', 'class', 'guardian', 'identifier', 'email', 'origin', 'state', 'distributed', 'login'],
  2: ['pupil', 'class', 'mef', 'guardian', 'identifier', 'email', 'state', 'origin', 'distributed', 'login'],
} as const;

type IsSelected = (publicId: string) => boolean;
const NOBODY: IsSelected = () => false;

/** GET /admin/etablissements/:uai/responsables */
export async function showGuardians(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const query = ofAddress(ctx);
  const pageSelected = query.all('select')[0] === 'page';
  // Ticked before, by whoever comes back from a question that he has not answered.
  const ticked = new Set(query.all('account'));
  const isSelected = (publicId: string) => pageSelected || ticked.has(publicId);
  await showList(door, ctx, visit, readSearch(query), { isSelected });
}

/**
 * The list once more, with 400 and « none is selected »: for whoever was sent the form of the list and read no
 * selection in it.
 */
export async function showNothingSelected(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  await showList(door, ctx, visit, readSearch(ofForm(ctx)), { nothingSelected: true });
}

async function showList(
  door: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
  search: GuardianSearch | null,
  {
    isSelected = NOBODY,
    nothingSelected = false,
  }: { isSelected?: IsSelected; nothingSelected?: boolean } = {},
): Promise<void> {
  const { db } = door.deps;
  const { school } = visit;
  const [classes, mefs] = await Promise.all([
    findClasses(db, school.id),
    school.degree === 2 ? findMefs(db, school.id) : null,
  ]);
  const foreign = (id: number) => !classes.some((own) => own.id === id);
  if (search?.classIds.some(foreign)) return refuseForeign(door, ctx, visit, 'class');
  const page: GuardiansPage = {
    frame: frameOf(door, ctx, visit.staff, { module: 'administration', school, current: 'guardians' }),
    degree: school.degree,
    listHref: `${atSchool(visit.school)}/responsables`,
    helpLinks: await helpLinks(door, school),
    criteria: criteriaOf(search, classes, mefs),
    results: search && (await resultsOf(door, ctx, visit, search, isSelected)),
    errors: nothingSelected ? [{ field: 'all', reason: 'none' }] : [],
  };
  showPage(door.deps, ctx, 'admin/guardians/list', page, nothingSelected ? 400 : 200);
}

function criteriaOf(
  search: GuardianSearch | null,
  classes: readonly { id: number; label: string }[],
  mefs: readonly { code: string; label: string }[] | null,
): Criteria {
  return {
    text: search?.text ?? '',
    classes: classes.map(({ id, label }) => ({
      value: String(id),
      label,
      chosen: search?.classIds.includes(id) ?? false,
    })),
    mefs:
      mefs === null
        ? null
        : mefs.map(({ code, label }) => ({
            value: code,
            label,
            chosen: search?.mefCodes.includes(code) ?? false,
          })),
    states: STATES.map((value) => ({ value, chosen: search?.states.includes(value) ?? false })),
    email: search?.email ?? null,
    origins: ORIGINS.map((value) => ({ value, chosen: search?.origins.includes(value) ?? false })),
    expires: search?.expires ?? false,
  };
}

async function resultsOf(
  door: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
  asked: GuardianSearch,
  isSelected: IsSelected,
): Promise<Results> {
  const { deps } = door;
  const { school } = visit;
  const filters = filtersOf(deps, asked);
  const total = await countGuardians(deps.db, school, filters);
  const strict = deps.config.STRICT_SECOND_DEGREE && school.degree === 2;
  const selectable = strict
    ? (await countGuardians(deps.db, school, { ...filters, withoutSettled: true })).accounts
    : total.accounts;
  const { page, pages, offset, range } = rowsOfPage(asked.page, { total: total.rows, rows: PAGE_ROWS });
  const search = { ...asked, page };
  const { sort, descending } = search;
  const rows = await findGuardianRows(deps.db, school, filters, {
    sort,
    descending,
    offset,
    limit: PAGE_ROWS,
  });
  const listHref = `${atSchool(visit.school)}/responsables`;
  const hrefOf = (change: Partial<GuardianSearch>) => listHref + searchQuery({ ...search, ...change });
  const { previousHref, nextHref } = pagingOf(page, pages, (number) => hrefOf({ page: number }));
  const accountQuery = searchQuery({ ...search, page: 1 });
  const shown = rows.map((row) => {
    const href = `${atSchool(visit.school)}/comptes/${row.publicId}${accountQuery}`;
    const rowSelectable = !(strict && isSettled(row.origin));
    const selected = rowSelectable && isSelected(row.publicId);
    return rowOf(row, href, { selectable: rowSelectable, selected });
  });
  return {
    csrf: csrfOf(door, ctx),
    confirmHref: `${listHref}/confirmer`,
    pdfHref: `${listHref}/liste.pdf`,
    csvHref: `${listHref}/liste.csv`,
    handOutHref: `${listHref}/liste-par-classe.pdf`,
    hidden: searchFields(search),
    columns: columnsOf(school.degree, search, hrefOf),
    rows: shown,
    accounts: total.accounts,
    selectable,
    selected: new Set(shown.filter(({ selected }) => selected).map(({ publicId }) => publicId)).size,
    range,
    pageHrefs: pagesAround(page, pages).map((number) => ({
      number,
      href: hrefOf({ page: number }),
      current: number === page,
    })),
    previousHref,
    nextHref,
    selectPageHref: `${hrefOf({})}&select=page`,
  };
}

/** A column that is sorted ascending turns round; a new order begins on the first page. */
function columnsOf(
  degree: 1 | 2,
  search: GuardianSearch,
  hrefOf: (change: Partial<GuardianSearch>) => string,
): Column[] {
  return COLUMNS[degree].map((key) => {
    const isSorted = search.sort === key;
    const turned = isSorted && !search.descending;
    const direction = search.descending ? 'descending' : 'ascending';
    return {
      key,
      href: hrefOf({ sort: key, descending: turned, page: 1 }),
      sorted: isSorted ? direction : null,
    };
  });
}

function rowOf(
  row: GuardianRow,
  href: string,
  { selectable, selected }: { selectable: boolean; selected: boolean },
): Row {
  return {
    publicId: row.publicId,
    href,
    pupil: listedName({ familyName: row.pupilFamilyName, givenName: row.pupilGivenName }),
    className: row.classLabel ?? '',
    mef: row.mefLabel ?? '',
    guardian: listedName(row),
    identifier: row.identifier,
    hasEmail: row.hasEmail,
    origin: row.origin,
    state: row.state,
    distributedAt: row.distributedAt,
    lastLoginAt: row.lastLoginAt,
    selectable,
    selected,
  };
}
