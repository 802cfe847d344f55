import type { Database } from '../deps.ts';
import { recordedPupils } from './store.ts';

/** A pupil of an account as the staff of a school see him. */
export type RecordedPupil = {
  id: number;
  givenName: string;
  familyName: string;
  /** YYYY-MM-DD; null when the directory does not know it. */
  birthDate: string | null;
  schoolId: number;
  uai: string;
  school: string;
  className: string | null;
  /** Each record that leads to him is signalled as wrong, and the school has not looked at it yet. */
  signalled: boolean;
};

/** More children than anybody has. */
const MOST = 100;

/** All pupils of an account, in whatever school, the oldest first; each once. */
export async function findRecordedPupils(db: Database, accountId: number): Promise<RecordedPupil[]> {
  const rows: (Omit<RecordedPupil, 'signalled'> & { right: unknown })[] = await recordedPupils(db)
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where('g.account_id', accountId)
    .groupBy('p.id', 'p.given_name', 'p.family_name', 'p.birth_date', 's.id', 's.uai', 's.name', 'c.label')
    .orderBy(['p.birth_date', 'p.id'])
    .limit(MOST)
    .select({
      id: 'p.id',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      birthDate: 'p.birth_date',
      schoolId: 's.id',
      uai: 's.uai',
      school: 's.name',
      className: 'c.label',
    })
    .select(db.raw('SUM(w.state IS NULL) AS `right`'));
  return rows.map(({ right, ...row }) => ({ ...row, signalled: Number(right) === 0 }));
}
