import { stringify } from 'csv-stringify/sync';
import { fileStamp } from './moment.ts';
import type { Row, Table } from './tables.ts';

/**
 * A table as a file for spreadsheets set to French: UTF-8 with a mark, semicolons, CRLF. A MEF has a line for
 * each origin and not one of its own, so that the lines can be added up. A label that a spreadsheet would take for a
 * formula gets an apostrophe before it.
 */
export function tableCsv(table: Table): string {
  const lines = table.rows.flatMap((row): Row[] => (row.details.length > 0 ? row.details : [row]));
  const total = table.total ? [table.total] : [];
  const records = [table.columns, ...[...lines, ...total].map(({ cells }) => cells)];
  return stringify(records, {
    bom: true,
    delimiter: ';',
    record_delimiter: '\r\n',
    escape_formulas: true,
    quoted_match: /[\r\n]/,
  });
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
