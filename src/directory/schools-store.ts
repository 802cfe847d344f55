import { chunksOf } from '../db/batch.ts';
import type { Database } from '../deps.ts';

/** Internal ids of the schools that there are, by their UAI. */
export async function findSchoolIds(db: Database, uais: readonly string[]): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const part of chunksOf([...new Set(uais)])) {
    const rows: { id: number; uai: string }[] = await db('schools').whereIn('uai', part).select('id', 'uai');
    for (const { id, uai } of rows) ids.set(uai, id);
  }
  return ids;
}
