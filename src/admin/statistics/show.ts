import type { Context } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { updatedAt } from '../../statistics/moment.ts';
import { computeOnDemand } from '../../statistics/on-demand.ts';
import { classesPicture, progressPicture } from '../../statistics/pictures.ts';
import { readStatistics, type Statistics } from '../../statistics/read.ts';
import { progressTable, statisticsTables, type Table, totalsNote } from '../../statistics/tables.ts';
import type { AccountsOf, KindCounts } from '../../statistics/types.ts';
import { frameOf } from '../frame.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { csrfOf } from '../visit.ts';
import { addressOf, csvAddress, kindAsked } from './address.ts';
import type { ShownStatistics, ShownTable, StatisticsPage } from './pages.ts';

/** GET /statistiques: what the last computation found. */
export async function showStatistics(
  door: AdminDoor,
  ctx: Context,
  { staff, school, module }: SchoolVisit,
): Promise<void> {
  const { deps } = door;
  const of = kindAsked(school, ctx.query.comptes);
  const statistics = await readStatistics(deps.db, school.id, deps.clock.now());
  const page: StatisticsPage = {
    frame: frameOf(door, ctx, staff, { module, school, current: 'statistics' }),
    of,
    kinds:
      school.degree === 1
        ? null
        : (['guardians', 'pupils'] as const).map((kind) => ({ of: kind, href: addressOf(school, kind) })),
    compute: {
      action: addressOf(school),
      csrf: csrfOf(door, ctx),
    },
    news: newsOf(ctx.query.calcul),
    statistics: statistics && shown(statistics, school, of),
  };
  showPage(deps, ctx, 'admin/statistics/show', page);
}

const newsOf = (word: unknown) => (word === 'fait' ? 'done' : word === 'en-cours' ? 'busy' : null);

/** POST /statistiques: « Calculer les statistiques ». The page then tells the time of what it shows. */
export async function computeNow({ deps }: AdminDoor, ctx: Context, { school }: SchoolVisit): Promise<void> {
  const computed = await computeOnDemand(deps, school);
  const news = !computed.ok && computed.reason === 'busy' ? 'en-cours' : 'fait';
  seeOther(ctx, addressOf(school, kindAsked(school, field(ctx, 'comptes')), { calcul: news }));
}

function shown(statistics: Statistics, school: StaffSchool, of: AccountsOf): ShownStatistics {
  const { counts, weeks, first, last } = statistics;
  const kind = counts[of];
  return {
    tables: statisticsTables(counts, of).map((table) =>
      shownTable(table, school, of, pictureOf(table, kind)),
    ),
    progress: shownTable(
      progressTable(weeks, of),
      school,
      of,
      progressPicture(weeks, { of, first, last, id: 'progress-picture' }),
    ),
    note: totalsNote(counts, of),
    updatedAt: updatedAt(statistics.computedAt),
  };
}

const pictureOf = ({ key }: Table, kind: KindCounts | null) =>
  key === 'class' && kind !== null ? classesPicture(kind, 'class-picture') : null;

function shownTable(
  { key, title, columns, labels, rows, total }: Table,
  school: StaffSchool,
  of: AccountsOf,
  picture: string | null,
): ShownTable {
  return {
    id: key,
    title,
    columns,
    labels,
    rows: rows.map(({ cells, details }) => ({
      cells,
      details: details.map((row) => ({ cells: row.cells })),
    })),
    total: total && { cells: total.cells },
    csvHref: csvAddress(school, key, of),
    picture,
  };
}
