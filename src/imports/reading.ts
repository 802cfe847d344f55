import type { Random } from '../deps.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import {
  insertStatement,
  STAGED_TABLES,
  type StagedRows,
  type StagedTable,
  tupleOf,
} from './staging-rows.ts';
import type { Degree, FeedFile, FeedRecord, StagedSchool } from './types.ts';

export type ReadCounts = { schools: number; pupils: number; guardians: number; staff: number };

/** What is known while a feed is read: schools and labels stay in memory, persons leave by the buffers. */
export type Reading = {
  files: FeedFile[];
  notes: string[];
  schools: StagedSchool[];
  read: ReadCounts;
  refusals: Refusals;
  /** YYYY-MM-DD */
  today: string;
  extraPrefixes: readonly string[];
  random: Pick<Random, 'bytes'>;
  /** Random bytes drawn ahead: one call for many persons. */
  bytes: Buffer;
  schoolsByKey: Map<string, StagedSchool>;
  uais: Set<string>;
  labels: Map<string, string>;
  runId: number;
  /** Rows as they stand in a statement. */
  buffers: Record<StagedTable, string[]>;
  /** modifyRequests of pupils and guardians: what they change is looked up batch by batch. */
  changes: Change[];
};
export type Change = { file: FeedFile; record: FeedRecord; id: string };

export type ReadingSettings = Pick<
  Reading,
  'runId' | 'files' | 'notes' | 'today' | 'extraPrefixes' | 'random'
>;

export function createReading(settings: ReadingSettings): Reading {
  return {
    ...settings,
    bytes: Buffer.alloc(0),
    schools: [],
    read: { schools: 0, pupils: 0, guardians: 0, staff: 0 },
    refusals: createRefusals(),
    schoolsByKey: new Map(),
    uais: new Set(),
    labels: new Map(),
    buffers: { staged_pupils: [], staged_guardians: [], staged_staff: [] },
    changes: [],
  };
}

/** A school of the feed, or in a file of changes one that is known already; the feed's takes its place. */
export function addSchool(reading: Reading, columns: Omit<StagedSchool, 'no'>): void {
  const key = keyOf(columns.academyCode, columns.degree, columns.sourceId);
  const known = reading.schoolsByKey.get(key);
  if (known) {
    Object.assign(known, columns);
  } else {
    const school = { no: reading.schools.length + 1, ...columns };
    reading.schools.push(school);
    reading.schoolsByKey.set(key, school);
  }
  if (columns.listed) reading.uais.add(columns.uai);
}

/** Puts a row into its buffer. */
export function stageRow<T extends StagedTable>(reading: Reading, table: T, row: StagedRows[T]): void {
  reading.buffers[table].push(tupleOf(table, reading.runId, row));
}

/** Rows of one table as the statement that writes them. */
export type Batch = { table: StagedTable; statement: string; rows: number };

/** Empties the buffers. */
export function takeBatches({ buffers }: Reading): Batch[] {
  return STAGED_TABLES.flatMap((table) => {
    const tuples = buffers[table].splice(0);
    return tuples.length === 0
      ? []
      : [{ table, statement: insertStatement(table, tuples), rows: tuples.length }];
  });
}

/** Drawn now, used if the person turns out to need an account: 16 random bytes, base64url. */
export function newPublicId(reading: Reading): string {
  if (reading.bytes.length < 16) reading.bytes = reading.random.bytes(16 * 512);
  const bytes = reading.bytes.subarray(0, 16);
  reading.bytes = reading.bytes.subarray(16);
  return bytes.toString('base64url');
}

export function keyOf(academyCode: string, degree: Degree, sourceId: string): string {
  return `${academyCode}|${degree}|${sourceId}`;
}

export function labelKey(academyCode: string, mefCode: string): string {
  return `${academyCode}|${mefCode.replace(/[^0-9A-Za-z]/g, '').slice(0, 11)}`;
}
