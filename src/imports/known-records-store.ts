import type { Database } from '../deps.ts';
import type { FeedBase } from './bases.ts';
import {
  collectKnown,
  isSeen,
  type KnownRecords,
  type KnownRow,
  type KnownSpace,
  seenRows,
} from './known-records.ts';
import { SAME_PERSON } from './staging-store.ts';

const PAGE = 5000;

type Base = Pick<FeedBase, 'academyCode' | 'degree'>;
/** Prolongs the lease: of a nation each of these goes through millions of rows. */
type Alive = () => Promise<void>;
export type Kind = 'pupils' | 'guardian_references';

/**
 * Which rows may stay as they are when the feed has their record again: pupils who are in a school of the feed and
 * whose guardians are all known, guardians who have their account. The others are looked at each night.
 */
const SETTLED: Record<Kind, string> = {
  pupils: 'p.school_id IS NOT NULL AND p.links_digest IS NOT NULL',
  guardian_references: 'p.account_id IS NOT NULL',
};

/** @param schoolNos numbers in the feed by the ids of the schools; pupils of others are left out */
export function loadKnownRecords(
  db: Database,
  kind: Kind,
  base: Base,
  schoolNos: ReadonlyMap<number, number>,
  space: KnownSpace,
  alive: Alive,
): Promise<KnownRecords> {
  const school = kind === 'pupils' ? 'p.school_id' : 'NULL';
  async function* pages(): AsyncGenerator<KnownRow[]> {
    let after = '';
    for (;;) {
      await alive();
      const [rows] = (await db.raw(
        `SELECT p.id, p.source_id AS sourceId, p.record_digest AS digest, ${school} AS schoolId FROM ${kind} p
         WHERE p.academy_code = ? AND p.degree = ? AND p.source_id > ? AND p.left_at IS NULL
           AND p.record_digest IS NOT NULL AND ${SETTLED[kind]}
         ORDER BY p.source_id LIMIT ${PAGE}`,
        [base.academyCode, base.degree, after],
      )) as [{ id: number; sourceId: string; digest: Buffer; schoolId: number | null }[]];
      yield rows.flatMap(({ id, digest, schoolId }) => {
        const schoolNo = schoolId === null ? 0 : schoolNos.get(schoolId);
        return schoolNo === undefined ? [] : [{ id, digest, schoolNo }];
      });
      const last = rows.at(-1);
      if (rows.length < PAGE || !last) return;
      after = last.sourceId;
    }
  }
  return collectKnown(pages(), space);
}

/** Puts down which pupils the feed has as they are. */
export async function keepUnchanged(
  db: Database,
  runId: number,
  known: KnownRecords,
  alive: Alive,
): Promise<void> {
  let values: string[] = [];
  const write = async () => {
    if (values.length === 0) return;
    await alive();
    await db.raw(`INSERT INTO staged_unchanged (run_id, pupil_id, school_no) VALUES ${values.join(',')}`);
    values = [];
  };
  for (const { id, schoolNo } of seenRows(known)) {
    values.push(`(${runId},${id},${schoolNo})`);
    if (values.length === PAGE) await write();
  }
  await write();
}

/** `repeats`: how many more records of the id said something else than the staged one. */
export type Repeated = { sourceId: string; fileNo: number; same: boolean; repeats: number };

/**
 * Staged records of persons whose known record the feed has as well: the known one stands, as the first of two
 * records does, and the staged one goes.
 */
export async function dropRepeatsOfUnchanged(
  db: Database,
  runId: number,
  kind: Kind,
  base: Base,
  known: KnownRecords,
  alive: Alive,
): Promise<Repeated[]> {
  const table = kind === 'pupils' ? 'staged_pupils' : 'staged_guardians';
  const dropped: Repeated[] = [];
  if (seenRows(known).next().done) return dropped;
  const same =
    kind === 'pupils'
      ? 's.digest <=> p.digest AND s.links_digest <=> p.links_digest'
      : 's.digest <=> p.digest';
  let after = '';
  for (;;) {
    await alive();
    const [rows] = (await db.raw(
      `SELECT s.source_id AS sourceId, s.file_no AS fileNo, s.repeats, ${same} AS same, p.record_digest AS digest
       FROM ${table} s JOIN ${kind} p ON ${SAME_PERSON}
       WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.source_id > ?
       ORDER BY s.source_id LIMIT ${PAGE}`,
      [runId, base.academyCode, base.degree, after],
    )) as [(Omit<Repeated, 'same'> & { same: number; digest: Buffer | null })[]];
    const repeated = rows.filter(({ digest }) => digest !== null && isSeen(known, digest));
    if (repeated.length > 0) {
      await db(table)
        .where({ run_id: runId, academy_code: base.academyCode, degree: base.degree })
        .whereIn(
          'source_id',
          repeated.map(({ sourceId }) => sourceId),
        )
        .delete();
    }
    dropped.push(...repeated.map((row) => ({ ...row, same: Boolean(row.same) })));
    const last = rows.at(-1);
    if (rows.length < PAGE || !last) return dropped;
    after = last.sourceId;
  }
}

/**
 * Remembers the records of persons whom the feed tells in other bytes than before, or for the first time since they
 * came by a change: nothing of them is written otherwise.
 */
export async function rememberRecords(
  db: Database,
  runId: number,
  kind: Kind,
  base: Base,
  alive: Alive,
): Promise<void> {
  const table = kind === 'pupils' ? 'staged_pupils' : 'staged_guardians';
  const same =
    kind === 'pupils' ? 's.digest = p.digest AND s.links_digest = p.links_digest' : 's.digest = p.digest';
  const scope = [runId, base.academyCode, base.degree];
  let after = '';
  for (;;) {
    await alive();
    const [rows] = (await db.raw(
      `SELECT s.source_id AS sourceId FROM ${table} s JOIN ${kind} p ON ${SAME_PERSON}
       WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.source_id > ? AND ${same}
         AND s.record_digest IS NOT NULL AND NOT (s.record_digest <=> p.record_digest)
       ORDER BY s.source_id LIMIT ${PAGE}`,
      [...scope, after],
    )) as [{ sourceId: string }[]];
    const last = rows.at(-1);
    if (!last) return;
    after = last.sourceId;
    await db.raw(
      `UPDATE ${kind} p JOIN ${table} s ON ${SAME_PERSON} SET p.record_digest = s.record_digest
       WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.source_id IN (?) AND ${same}`,
      [...scope, rows.map(({ sourceId }) => sourceId)],
    );
  }
}
