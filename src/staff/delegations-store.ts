import { isDuplicate } from '../db/transaction.ts';
import type { Database, Transaction } from '../deps.ts';

/** Whom the head of a school has named. */

/** What may be delegated: a module. */
export type DelegatedRole = 'administration' | 'troubleshooting';

export type Delegation = {
  publicId: string;
  /** Lower case. */
  email: string;
  displayName: string;
  role: DelegatedRole;
  /** The last day, `YYYY-MM-DD` in Paris. */
  untilDay: string;
  createdAt: Date;
  /** As in the trail: `staff:…`. */
  createdBy: string;
};

const COLUMNS = {
  publicId: 'public_id',
  email: 'email',
  displayName: 'display_name',
  role: 'role',
  untilDay: 'until_day',
  createdAt: 'created_at',
  createdBy: 'created_by',
};

/** Those of a school that have not been ended, whether their day is past or not; by name. */
export async function listDelegations(db: Database, schoolId: number, limit: number): Promise<Delegation[]> {
  return db('staff_delegations')
    .where({ school_id: schoolId, living: 1 })
    .orderBy([{ column: 'display_name' }, { column: 'email' }, { column: 'role' }])
    .limit(limit)
    .select(COLUMNS);
}

/** So that two heads at once cannot name more people than may be named. */
export async function lockSchool(trx: Transaction, schoolId: number): Promise<void> {
  await trx('schools').where({ id: schoolId }).forUpdate().first('id');
}

/** @returns false when this person has this module at this school already */
export async function insertDelegation(
  trx: Transaction,
  schoolId: number,
  delegation: Delegation,
): Promise<boolean> {
  try {
    await trx('staff_delegations').insert({
      public_id: delegation.publicId,
      school_id: schoolId,
      email: delegation.email,
      display_name: delegation.displayName,
      role: delegation.role,
      until_day: delegation.untilDay,
      created_at: delegation.createdAt,
      created_by: delegation.createdBy,
    });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

/** One of this school that has not been ended, locked. */
export async function lockDelegation(
  trx: Transaction,
  schoolId: number,
  publicId: string,
): Promise<Delegation | null> {
  const row: Delegation | undefined = await trx('staff_delegations')
    .where({ school_id: schoolId, public_id: publicId, living: 1 })
    .forUpdate()
    .first(COLUMNS);
  // The server pads what it compares.
  return row?.publicId === publicId ? row : null;
}

/** Whether it was one of this school, and has been ended. */
export async function wasEnded(db: Database, schoolId: number, publicId: string): Promise<boolean> {
  const row = await db('staff_delegations')
    .where({ school_id: schoolId, public_id: publicId, living: null })
    .first({ publicId: 'public_id' });
  return row?.publicId === publicId;
}

export async function prolongDelegation(trx: Transaction, publicId: string, untilDay: string): Promise<void> {
  await trx('staff_delegations').where({ public_id: publicId }).update({ until_day: untilDay });
}

export async function endDelegations(
  trx: Transaction,
  publicIds: readonly string[],
  now: Date,
): Promise<void> {
  if (publicIds.length > 0)
    await trx('staff_delegations').whereIn('public_id', publicIds).update({ ended_at: now });
}
