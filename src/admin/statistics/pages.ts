import type { AccountsOf } from '../../statistics/types.ts';
import type { AdminPage } from '../pages.ts';

/** What the pages of `views/admin/statistics/` are given. */

export type ShownRow = { cells: string[]; details: { cells: string[] }[] };

export type ShownTable = {
  /** Unique in the page. */
  id: string;
  title: string;
  columns: string[];
  /** How many columns come before the numbers. */
  labels: number;
  rows: ShownRow[];
  total: { cells: string[] } | null;
  csvHref: string;
  /** Markup of an SVG that shows what the table tells; null: it has none. */
  picture: string | null;
};

/** What the last computation found. */
export type ShownStatistics = {
  tables: ShownTable[];
  /** The weeks since September, with the picture of their progress. */
  progress: ShownTable;
  /** R-161; null where there is nothing to explain. */
  note: string | null;
  /** « Dernière mise à jour le 28-11-2017 à 09:33:39 » */
  updatedAt: string;
};

/** `admin/statistics/show` */
export type StatisticsPage = AdminPage & {
  of: AccountsOf;
  /** Pupils' own accounts, which the second degree has: where each of the two is shown. */
  kinds: { of: AccountsOf; href: string }[] | null;
  compute: { action: string; csrf: string };
  /** What became of the button: « fait », or somebody is at it already. */
  news: 'done' | 'busy' | null;
  /** Null: they were never computed. */
  statistics: ShownStatistics | null;
};
