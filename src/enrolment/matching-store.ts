import type { Database } from '../deps.ts';
import { searchName } from '../directory/names.ts';
import { linkedPupils } from '../directory/store.ts';
import { namesFit } from './same-name.ts';

/** A guardian's record that an enrolment may be about: in the directory, with an account that is not closed. */
export type Candidate = {
  id: number;
  accountId: number;
  title: string | null;
  givenName: string;
  familyName: string;
  birthName: string | null;
  mobile: string | null;
  /** « Ce n'est pas moi »: still somebody who has this mobile, whom nobody else may be taken for; no way leads in. */
  frozenAt: Date | null;
};

/** Records read behind one number at most: schools write a number of their own where they have none. */
export const BEHIND_ONE_NUMBER = 200;

/** Open accounts' references that are present, with what tells whom a mobile belongs to. */
export function candidates(db: Database) {
  return db('guardian_references as g')
    .join('accounts as a', 'a.id', 'g.account_id')
    .whereNull('g.left_at')
    .whereNull('a.closed_at')
    .select({
      id: 'g.id',
      accountId: 'g.account_id',
      title: 'g.title',
      givenName: 'g.given_name',
      familyName: 'g.family_name',
      birthName: 'g.birth_name',
      mobile: 'g.mobile',
      frozenAt: 'a.frozen_at',
    })
    .orderBy('g.id');
}

/** All who have one of these mobiles, also those whose account is frozen. @param mobiles E.164 */
export async function findByMobile(db: Database, mobiles: readonly string[]): Promise<Candidate[]> {
  return candidates(db).whereIn('g.mobile', mobiles).limit(BEHIND_ONE_NUMBER);
}

/** Those whose account may be opened. */
export async function findByIds(db: Database, ids: readonly number[]): Promise<Candidate[]> {
  return ids.length === 0 ? [] : candidates(db).whereIn('g.id', ids).whereNull('a.frozen_at');
}

/** A name that more records have says nobody in particular. */
const RARE = 3;

/** Records of these names, if those whose names begin so are few; case and accents as the collation sees them. */
export async function findByRareName(
  db: Database,
  names: { givenName: string; familyName: string },
): Promise<Candidate[]> {
  const searched = searchName(names.familyName, names.givenName);
  const pattern = `${searched.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  const found: Candidate[] = await candidates(db)
    .where('g.search_name', 'like', pattern)
    .limit(RARE + 1);
  return found.length <= RARE ? found.filter((candidate) => namesFit(names, candidate)) : [];
}

/** A pupil whose birth date can be asked, with the record that leads to him. */
export type ProvableChild = {
  referenceId: number;
  pupilId: number;
  ine: string;
  givenName: string;
  familyName: string;
  /** `YYYY-MM-DD` */
  birthDate: string;
};

/**
 * The children that must be proved: with an INE (R-052), in a school; a row for each record that leads to one. Asked
 * of nobody it asks the server all the same: known and unknown take the same time (decision 5).
 */
export async function findProvableChildren(
  db: Database,
  referenceIds: readonly number[],
): Promise<ProvableChild[]> {
  return linkedPupils(db)
    .whereIn('g.id', referenceIds)
    .whereNotNull('p.ine')
    .whereNotNull('p.birth_date')
    .orderBy([{ column: 'p.birth_date' }, { column: 'p.id' }, { column: 'g.id' }])
    .select({
      referenceId: 'g.id',
      pupilId: 'p.id',
      ine: 'p.ine',
      givenName: 'p.given_name',
      familyName: 'p.family_name',
      birthDate: 'p.birth_date',
    });
}
