import type { Database } from '../deps.ts';
import type { FeedBase } from './stage.ts';
import { SAME_PERSON, TOUCHED } from './staging-store.ts';
import { UNREADABLE } from './types.ts';

/** What the night is about, counted from the staged rows before anything is written. */
type Base = Pick<FeedBase, 'academyCode' | 'degree' | 'delta'>;

/** Persons to whom something happened, by school. */
export type Touched = Map<number, number>;

/** By number of the school (`no` of the feed): its pupils to whom something happened. */
export async function touchedSchools(db: Database, runId: number, base: Base): Promise<Touched> {
  const [rows] = await db.raw(
    `SELECT s.school_no AS no, COUNT(*) AS n FROM staged_pupils s LEFT JOIN pupils p ON ${SAME_PERSON}
     WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.refused = 0 AND s.deleted = 0 AND ${TOUCHED}
     GROUP BY s.school_no`,
    [runId, base.academyCode, base.degree],
  );
  return counts(rows);
}

/** By id of the school: guardians of its pupils who are others than the night before, or deleted. */
export async function schoolsOfChangedGuardians(db: Database, runId: number, base: Base): Promise<Touched> {
  const [rows] = await db.raw(
    `SELECT o.school_id AS no, COUNT(*) AS n FROM staged_guardians s
     JOIN guardian_references p ON ${SAME_PERSON}
     JOIN legal_links l ON l.guardian_reference_id = p.id AND l.ended_at IS NULL
     JOIN pupils o ON o.id = l.pupil_id AND o.left_at IS NULL AND o.school_id IS NOT NULL
     WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.refused = 0
       AND (s.deleted = 1 OR NOT (s.digest <=> p.digest))
     GROUP BY o.school_id`,
    [runId, base.academyCode, base.degree],
  );
  return counts(rows);
}

function counts(rows: readonly Counted[]): Touched {
  return new Map(rows.map(({ no, n }) => [no, Number(n)]));
}

export type Totals = Map<number, { pupils: number; guardians: number }>;

/** Pupils of the feed and their guardians, by number of the school. */
export async function stagedTotals(db: Database, runId: number): Promise<Totals> {
  const [rows] = await db.raw(
    `SELECT school_no AS no, COUNT(*) AS n FROM staged_pupils
     WHERE run_id = ? AND refused = 0 AND deleted = 0 GROUP BY school_no`,
    [runId],
  );
  const [guardians] = await db.raw(
    `SELECT s.school_no AS no, COUNT(DISTINCT NULLIF(j.id, ?)) AS n
     FROM staged_pupils s, JSON_TABLE(s.guardians, '$[*]' COLUMNS (id VARCHAR(64) PATH '$[0]')) j
     WHERE s.run_id = ? AND s.refused = 0 AND s.deleted = 0 GROUP BY s.school_no`,
    [UNREADABLE, runId],
  );
  const of = counts(guardians);
  return new Map(
    rows.map((row: Counted) => [row.no, { pupils: Number(row.n), guardians: of.get(row.no) ?? 0 }]),
  );
}
type Counted = { no: number; n: unknown };
