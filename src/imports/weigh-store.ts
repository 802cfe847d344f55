import type { Database } from '../deps.ts';
import type { FeedBase } from './bases.ts';
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
type Counted = { no: number; n: unknown };

/** Guardians that a staged pupil's record names, one row each; those that cannot be read have no id. */
const NAMED = `staged_pupils s, JSON_TABLE(s.guardians, '$[*]' COLUMNS (id VARCHAR(64) PATH '$[0]')) j`;
const STANDS = 's.run_id = ? AND s.refused = 0 AND s.deleted = 0';

/** Pupils of the feed and their guardians, by number of the school; of those who are as they were the known ones. */
export async function feedTotals(db: Database, runId: number): Promise<Totals> {
  const [staged] = await db.raw(
    `SELECT s.school_no AS no, COUNT(*) AS n FROM staged_pupils s WHERE ${STANDS} GROUP BY s.school_no`,
    [runId],
  );
  const [unchanged] = await db.raw(
    'SELECT school_no AS no, COUNT(*) AS n FROM staged_unchanged WHERE run_id = ? GROUP BY school_no',
    [runId],
  );
  const changing = counts(staged);
  const same = counts(unchanged);
  const guardians = await feedGuardians(db, runId, changing, same);
  return new Map(
    [...new Set([...changing.keys(), ...same.keys()])].map((no) => [
      no,
      { pupils: (changing.get(no) ?? 0) + (same.get(no) ?? 0), guardians: guardians.get(no) ?? 0 },
    ]),
  );
}

/** A school may have pupils of both kinds, who share guardians. */
async function feedGuardians(
  db: Database,
  runId: number,
  changing: Touched,
  same: Touched,
): Promise<Touched> {
  if (same.size === 0) {
    const [rows] = await db.raw(
      `SELECT s.school_no AS no, COUNT(DISTINCT NULLIF(j.id, ?)) AS n FROM ${NAMED} WHERE ${STANDS}
       GROUP BY s.school_no`,
      [UNREADABLE, runId],
    );
    return counts(rows);
  }
  const [settled] = await db.raw(
    `SELECT u.school_no AS no, COUNT(DISTINCT l.guardian_reference_id) AS n FROM staged_unchanged u
     JOIN legal_links l ON l.pupil_id = u.pupil_id AND l.ended_at IS NULL
     WHERE u.run_id = ? GROUP BY u.school_no`,
    [runId],
  );
  const guardians = counts(settled);
  if (changing.size === 0) return guardians;
  const [mixed] = await db.raw(
    `SELECT both_.no, COUNT(DISTINCT both_.id) AS n FROM (
       SELECT s.school_no AS no, CONVERT(NULLIF(j.id, ?) USING ascii) AS id FROM ${NAMED} WHERE ${STANDS}
       UNION ALL
       SELECT u.school_no, g.source_id FROM staged_unchanged u
       JOIN legal_links l ON l.pupil_id = u.pupil_id AND l.ended_at IS NULL
       JOIN guardian_references g ON g.id = l.guardian_reference_id
       WHERE u.run_id = ? AND u.school_no IN (?)) both_
     GROUP BY both_.no`,
    [UNREADABLE, runId, runId, [...changing.keys()]],
  );
  return new Map([...guardians, ...counts(mixed)]);
}
