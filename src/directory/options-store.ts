import type { Database } from '../deps.ts';

/** What a school's pupils can be chosen by. More than a screen can show is not read. */
const MOST = 500;

/** The classes of a school, by label. */
export async function findClasses(db: Database, schoolId: number): Promise<{ id: number; label: string }[]> {
  return db('classes')
    .where({ school_id: schoolId })
    .orderBy(['label', 'id'])
    .limit(MOST)
    .select('id', 'label');
}

/** The MEF of the pupils who are in a school, by label; one without a label is shown by its code. */
export async function findMefs(db: Database, schoolId: number): Promise<{ code: string; label: string }[]> {
  return db('pupils')
    .where({ school_id: schoolId })
    .whereNull('left_at')
    .whereNotNull('mef_code')
    .groupBy('mef_code')
    .orderBy(['label', 'code'])
    .limit(MOST)
    .select({ code: 'mef_code' })
    .select(db.raw('COALESCE(MIN(mef_label), mef_code) AS label'));
}
