import { stringify } from 'csv-stringify/sync';
import { FRENCH_CSV } from '../files/csv.ts';
import { fileStamp } from '../files/moment.ts';
import type { Row, Table } from './tables.ts';

/**
 * A table as a file for spreadsheets. A MEF has a line for each origin and not one of its own, so that the lines can be
 * added up.
 */
export function tableCsv(table: Table): string {
  const lines = table.rows.flatMap((row): Row[] => (row.details.length > 0 ? row.details : [row]));
  const total = table.total ? [table.total] : [];
  const records = [table.columns, ...[...lines, ...total].map(({ cells }) => cells)];
  return stringify(records, FRENCH_CSV);
}

const NAMES: Record<Table['key'], string> = {
  structure: 'Structure',
  class: 'Classes',
  level: 'Niveaux',
  mef: 'MEF',
  origin: 'Origines',
  progress: 'Semaines',
};

/** @param key which table, as in its `key` */
export function csvFileName(key: Table['key'], computedAt: Date): string {
  return `Educonnect-Statistiques-${NAMES[key]}-${fileStamp(computedAt)}.csv`;
}
