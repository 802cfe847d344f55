import type { Context } from '../../http/context.ts';
import { Fault } from '../../http/errors.ts';
import { seeOther } from '../../http/page.ts';
import { csvFileName, tableCsv } from '../../statistics/csv.ts';
import { readStatistics } from '../../statistics/read.ts';
import { progressTable, statisticsTables } from '../../statistics/tables.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { addressOf, kindAsked, tableAsked } from './address.ts';

/** GET /statistiques/tableau.csv?tableau=classes: one of the tables as a file for a spreadsheet. */
export async function downloadTable(
  { deps }: AdminDoor,
  ctx: Context,
  { school }: SchoolVisit,
): Promise<void> {
  const of = kindAsked(school, ctx.query.comptes);
  const key = tableAsked(ctx.query.tableau ?? 'structure');
  if (key === null) throw new Fault('EC-404-PAGE');
  const statistics = await readStatistics(deps.db, school.id, deps.clock.now());
  if (statistics === null) return seeOther(ctx, addressOf(school, of));
  const tables = [...statisticsTables(statistics.counts, of), progressTable(statistics.weeks, of)];
  const table = tables.find((one) => one.key === key);
  if (table === undefined) throw new Fault('EC-404-PAGE');
  ctx.attachment(csvFileName(key, statistics.computedAt));
  ctx.type = 'text/csv; charset=utf-8';
  ctx.body = tableCsv(table);
}
