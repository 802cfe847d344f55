import type { AccountKind } from '../../accounts/types.ts';
import { chunksOf } from '../../db/batch.ts';
import type { Database } from '../../deps.ts';
import { ofPopulation } from '../../directory/population-store.ts';
import { linkedPupils } from '../../directory/store.ts';
import type { ListRow, ListSchool } from './types.ts';

/**
 * The pupils of the population of the school (R-005a) who lead to these open accounts, a row a pair (R-139). A pair
 * comes once, also where two references of a regrouped account lead to the same pupil. Of pupils' accounts: the pupils
 * whose own they are.
 * @param only the classes and MEF that were searched for; empty: all
 */
export async function findListRows(
  db: Database,
  school: Pick<ListSchool, 'id'>,
  of: AccountKind,
  accountIds: readonly number[],
  only: { classIds: readonly number[]; mefCodes: readonly string[] },
): Promise<ListRow[]> {
  const rows: ListRow[] = [];
  for (const part of chunksOf(accountIds)) {
    const pairs =
      of === 'pupil'
        ? db('pupils as p').join('accounts as a', 'a.id', 'p.account_id').whereNull('p.left_at')
        : linkedPupils(db).join('accounts as a', 'a.id', 'g.account_id').modify(ofPopulation);
    const query = pairs
      .leftJoin('classes as c', 'c.id', 'p.class_id')
      .whereIn('a.id', part)
      .where({ 'p.school_id': school.id, 'a.kind': of })
      .whereNull('a.closed_at')
      .distinct({
        pupilId: 'p.id',
        pupilFamilyName: 'p.family_name',
        pupilGivenName: 'p.given_name',
        classId: 'p.class_id',
        classLabel: 'c.label',
        accountId: 'a.id',
        publicId: 'a.public_id',
        familyName: 'a.family_name',
        givenName: 'a.given_name',
        identifier: 'a.identifier',
        state: 'a.state',
        passwordKind: 'a.password_kind',
        provisionalSealed: 'a.provisional_sealed',
      })
      .select(
        db.raw('COALESCE(p.level_label, p.level_code, p.mef_label) AS level'),
        db.raw('COALESCE(p.mef_label, p.mef_code) AS mef'),
      );
    if (only.classIds.length > 0) query.whereIn('p.class_id', only.classIds);
    if (only.mefCodes.length > 0) query.whereIn('p.mef_code', only.mefCodes);
    rows.push(...((await query) as ListRow[]));
  }
  return rows;
}
