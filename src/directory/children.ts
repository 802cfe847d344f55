import type { Database } from '../deps.ts';
import { type ChildRow, findChildRows } from './store.ts';

/** A record of the directory (AAF): a guardian's, or a pupil's. */
export type DirectoryRecord = { academyCode: string; degree: 1 | 2; sourceId: string };

/** A pupil as a relying service may see him, with the guardian's record that leads to him. */
export type Child = Omit<
  ChildRow,
  'academyCode' | 'sourceId' | 'refAcademyCode' | 'refDegree' | 'refSourceId'
> & {
  record: DirectoryRecord;
  /** Records of the account that lead to this pupil: a guardian's references, the pupil's own record. */
  reachedBy: DirectoryRecord[];
};

/**
 * The pupils that an account speaks for today, in one statement: of a guardian those of his living legal links, of a
 * pupil himself; only pupils who are in a school. A pupil reached by two references comes once.
 * @param account the account's internal id and kind
 */
export async function childrenOfAccount(
  db: Database,
  account: { id: number; kind: 'guardian' | 'pupil' },
): Promise<Child[]> {
  const rows = await findChildRows(db, account);
  const children = new Map<number, Child>();
  for (const row of rows) {
    const { academyCode, sourceId, refAcademyCode, refDegree, refSourceId, ...pupil } = row;
    const reachedBy = { academyCode: refAcademyCode, degree: refDegree, sourceId: refSourceId };
    const known = children.get(row.id);
    if (known) known.reachedBy.push(reachedBy);
    else
      children.set(row.id, {
        ...pupil,
        record: { academyCode, degree: row.degree, sourceId },
        reachedBy: [reachedBy],
      });
  }
  return [...children.values()];
}
