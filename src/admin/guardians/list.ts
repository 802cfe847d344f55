import { isSettled, type ListedRow } from '../../accounts/guardian-filters.ts';
import { countListed, findListed } from '../../accounts/select.ts';
import { SOON_DAYS } from '../../assistance/relaunch.ts';
import { listedName } from '../../directory/names.ts';
import { findClasses, findMefs } from '../../directory/options-store.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { pathsOf } from '../address.ts';
import { helpLinks } from '../families/links.ts';
import { accountsFrame } from '../frame.ts';
import type { HelpLink } from '../pages.ts';
import { pagesAround, pagingOf, rowsOfPage } from '../paging.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { csrfOf, peopleOf, scopeOf } from '../visit.ts';
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

/** « Gestion des comptes responsables » (section K, R-170), and the same of the pupils. */

const PAGE_ROWS = 50;

const PUPIL_COLUMNS = [
  'pupil',
  'class',
  'mef',
  'identifier',
  'email',
  'state',
  'origin',
  'distributed',
  'login',
] as const;
const COLUMNS = {
  1: ['pupil', 'class', 'guardian', 'identifier', 'email', 'origin', 'state', 'distributed', 'login'],
  2: ['pupil', 'class', 'mef', 'guardian', 'identifier', 'email', 'state', 'origin', 'distributed', 'login'],
} as const;

type IsSelected = (publicId: string) => boolean;
const NOBODY: IsSelected = () => false;

/** GET /admin/etablissements/:uai/responsables, .../eleves */
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
    frame: accountsFrame(door, ctx, visit),
    people: peopleOf(visit),
    degree: school.degree,
    listHref: pathsOf(visit).list,
    batchesHref: visit.module === 'troubleshooting' ? null : pathsOf(visit).batches,
    expiresHref: visit.of === 'pupil' && visit.module === 'administration' ? expiresHref(visit) : null,
    helpLinks: await linksBeside(door, visit),
    criteria: criteriaOf(search, classes, mefs),
    results: search && (await resultsOf(door, ctx, visit, search, isSelected)),
    errors: nothingSelected ? [{ field: 'all', reason: 'none' }] : [],
  };
  showPage(door.deps, ctx, 'admin/guardians/list', page, nothingSelected ? 400 : 200);
}

const expiresHref = (visit: SchoolVisit) => `${pathsOf(visit).list}?q=&expires=${SOON_DAYS}`;

/** Help that is about pupils too; the troubleshooting has none of these pages. */
const FOR_PUPILS: readonly string[] = ['quality', 'journal'];

async function linksBeside(door: AdminDoor, { school, module, of }: SchoolVisit): Promise<HelpLink[]> {
  if (module === 'troubleshooting') return [];
  const links = await helpLinks(door, school);
  return of === 'guardian' ? links : links.filter(({ key }) => FOR_PUPILS.includes(key));
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
  const scope = scopeOf(visit);
  const paths = pathsOf(visit);
  const selects = visit.module === 'administration';
  const total = await countListed(deps.db, scope, filters);
  const strict = deps.config.STRICT_SECOND_DEGREE && school.degree === 2 && visit.of === 'guardian';
  const selectable = strict
    ? (await countListed(deps.db, scope, { ...filters, withoutSettled: true })).accounts
    : total.accounts;
  const { page, pages, offset, range } = rowsOfPage(asked.page, { total: total.rows, rows: PAGE_ROWS });
  const search = { ...asked, page };
  const { sort, descending } = search;
  const rows = await findListed(deps.db, scope, filters, {
    sort,
    descending,
    offset,
    limit: PAGE_ROWS,
  });
  const hrefOf = (change: Partial<GuardianSearch>) => paths.list + searchQuery({ ...search, ...change });
  const { previousHref, nextHref } = pagingOf(page, pages, (number) => hrefOf({ page: number }));
  const accountQuery = searchQuery({ ...search, page: 1 });
  const shown = rows.map((row) => {
    const { account } = row;
    if (account === null) return rowOf(row, null, { selectable: false, selected: false });
    const href = paths.account(account.publicId) + accountQuery;
    const rowSelectable = selects && !(strict && isSettled(account.origin));
    const selected = rowSelectable && isSelected(account.publicId);
    return rowOf(row, href, { selectable: rowSelectable, selected });
  });
  return {
    csrf: csrfOf(door, ctx),
    selects,
    confirmHref: paths.confirm,
    pdfHref: paths.pdf,
    csvHref: paths.csv,
    handOutHref: paths.handOut,
    hidden: searchFields(search),
    columns: columnsOf(visit, search, hrefOf),
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
  { school, of }: Pick<SchoolVisit, 'school' | 'of'>,
  search: GuardianSearch,
  hrefOf: (change: Partial<GuardianSearch>) => string,
): Column[] {
  return (of === 'pupil' ? PUPIL_COLUMNS : COLUMNS[school.degree]).map((key) => {
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
  row: ListedRow,
  href: string | null,
  { selectable, selected }: { selectable: boolean; selected: boolean },
): Row {
  const { account } = row;
  return {
    publicId: account?.publicId ?? '',
    href,
    noAccount: row.noAccount,
    pupil: listedName({ familyName: row.pupilFamilyName, givenName: row.pupilGivenName }),
    className: row.classLabel ?? '',
    mef: row.mefLabel ?? '',
    guardian: account === null ? '' : listedName(account),
    identifier: account?.identifier ?? '',
    hasEmail: account?.hasEmail ?? false,
    origin: account?.origin ?? 'none',
    state: account?.state ?? 'not_notified',
    distributedAt: account?.distributedAt ?? null,
    lastLoginAt: account?.lastLoginAt ?? null,
    selectable,
    selected,
  };
}
