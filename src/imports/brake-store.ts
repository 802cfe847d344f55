import type { Database } from '../deps.ts';
import type { Loss } from './brake.ts';

type Base = { academyCode: string; degree: number };
type Counted = { schoolId: number; before: number; lost: number };

/** Pupils of each school of a base, and those of them that a whole feed does not have any more. */
export async function countLeavers(db: Database, runId: number, base: Base): Promise<Counted[]> {
  const [rows] = await db.raw(
    `SELECT p.school_id AS schoolId, COUNT(*) AS \`before\`,
       SUM(u.pupil_id IS NULL AND s.source_id IS NULL) AS lost
     FROM pupils p
     LEFT JOIN staged_unchanged u ON u.run_id = ? AND u.pupil_id = p.id
     LEFT JOIN staged_pupils s
       ON s.run_id = ? AND s.academy_code = p.academy_code AND s.degree = p.degree AND s.source_id = p.source_id
     WHERE p.academy_code = ? AND p.degree = ? AND p.left_at IS NULL AND p.school_id IS NOT NULL
     GROUP BY p.school_id`,
    [runId, runId, base.academyCode, base.degree],
  );
  return rows.map(asNumbers);
}

/** The same for a file of changes: those whom it deletes. */
export async function countDeleted(db: Database, runId: number, base: Base): Promise<Counted[]> {
  const [rows] = await db.raw(
    `SELECT d.school_id AS schoolId, d.lost, (
       SELECT COUNT(*) FROM pupils o WHERE o.school_id = d.school_id AND o.left_at IS NULL) AS \`before\`
     FROM (
       SELECT p.school_id, COUNT(*) AS lost FROM staged_pupils s
       JOIN pupils p ON p.academy_code = s.academy_code AND p.degree = s.degree AND p.source_id = s.source_id
       WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.deleted = 1
         AND p.left_at IS NULL AND p.school_id IS NOT NULL
       GROUP BY p.school_id) d`,
    [runId, base.academyCode, base.degree],
  );
  return rows.map(asNumbers);
}

/** Pupils now in the schools of a base. */
export async function countPupils(db: Database, base: Base): Promise<number> {
  const row = await db('pupils')
    .where({ academy_code: base.academyCode, degree: base.degree })
    .whereNull('left_at')
    .count({ n: '*' })
    .first();
  return Number(row?.n ?? 0);
}

/**
 * Links of each school that its pupils' records name no more, or whose guardian is deleted. Only pupils whose
 * guardians are others than the night before are looked at.
 */
export async function countEndingLinks(db: Database, runId: number, base: Base): Promise<Counted[]> {
  const [rows] = await db.raw(
    `SELECT d.school_id AS schoolId, d.lost, (
       SELECT COUNT(*) FROM pupils o JOIN legal_links k ON k.pupil_id = o.id AND k.ended_at IS NULL
       WHERE o.school_id = d.school_id AND o.left_at IS NULL) AS \`before\`
     FROM (
       SELECT e.school_id, COUNT(*) AS lost FROM (
         SELECT p.school_id, l.guardian_reference_id, l.pupil_id
         FROM staged_pupils s
         JOIN pupils p ON p.academy_code = s.academy_code AND p.degree = s.degree AND p.source_id = s.source_id
         JOIN legal_links l ON l.pupil_id = p.id AND l.ended_at IS NULL
         JOIN guardian_references g ON g.id = l.guardian_reference_id
         WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.refused = 0 AND s.deleted = 0
           AND NOT (s.links_digest <=> p.links_digest) AND p.left_at IS NULL AND p.school_id IS NOT NULL
           AND INSTR(CONVERT(s.guardians USING utf8mb4) COLLATE utf8mb4_bin, CONCAT('[', JSON_QUOTE(g.source_id), ',')) = 0
         UNION
         SELECT p.school_id, l.guardian_reference_id, l.pupil_id
         FROM staged_guardians s
         JOIN guardian_references g ON g.academy_code = s.academy_code AND g.degree = s.degree AND g.source_id = s.source_id
         JOIN legal_links l ON l.guardian_reference_id = g.id AND l.ended_at IS NULL
         JOIN pupils p ON p.id = l.pupil_id
         WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.deleted = 1
           AND p.left_at IS NULL AND p.school_id IS NOT NULL) e
       GROUP BY e.school_id) d`,
    [runId, base.academyCode, base.degree, runId, base.academyCode, base.degree],
  );
  return rows.map(asNumbers);
}

/** Living links of a base; looked at only when some would end. */
export async function countLinks(db: Database, base: Base): Promise<number> {
  const row = await db('legal_links as l')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .where({ 'p.academy_code': base.academyCode, 'p.degree': base.degree })
    .whereNull('p.left_at')
    .whereNull('l.ended_at')
    .count({ n: '*' })
    .first();
  return Number(row?.n ?? 0);
}

/** SUM and COUNT come as text or number, by server. */
function asNumbers(row: { schoolId: number; before: unknown; lost: unknown }): Counted {
  return { schoolId: row.schoolId, before: Number(row.before), lost: Number(row.lost) };
}

/** @returns counts with the school's UAI and name, of the schools in `names` only */
export function named(
  counted: readonly Counted[],
  names: ReadonlyMap<number, { uai: string; name: string }>,
): Loss[] {
  return counted.flatMap(({ schoolId, before, lost }) => {
    const school = names.get(schoolId);
    return school ? [{ ...school, before, lost }] : [];
  });
}

/** Day of the last export taken of each base, YYYY-MM-DD by « académie|degree ». */
export async function lastExports(db: Database): Promise<Map<string, string>> {
  const rows: { academy_code: string; degree: number; exported_on: string }[] = await db(
    'import_feeds',
  ).select('academy_code', 'degree', 'exported_on');
  return new Map(rows.map((row) => [`${row.academy_code}|${row.degree}`, row.exported_on]));
}

/** Remembers the exports that were taken; a release of older files sets the day back. */
export async function keepExports(
  db: Database,
  runId: number,
  bases: readonly (Base & { exportedOn: string })[],
): Promise<void> {
  for (const { academyCode, degree, exportedOn } of bases) {
    await db('import_feeds')
      .insert({ academy_code: academyCode, degree, exported_on: exportedOn, run_id: runId })
      .onConflict(['academy_code', 'degree'])
      .merge();
  }
}
