import type { AccountKind } from '../accounts/types.ts';
import type { Database } from '../deps.ts';
import { recordedPupils } from '../directory/store.ts';

export type AccountNamed = {
  id: number;
  publicId: string;
  kind: AccountKind;
  identifier: string;
  givenName: string;
  familyName: string;
  closedAt: Date | null;
  /** When the provisional password was made that somebody may have seen; null: there is none now. */
  provisionalSince: Date | null;
};

const NAMED = {
  id: 'a.id',
  publicId: 'a.public_id',
  kind: 'a.kind',
  identifier: 'a.identifier',
  givenName: 'a.given_name',
  familyName: 'a.family_name',
  closedAt: 'a.closed_at',
  provisionalSince: 'a.provisional_created_at',
};

export async function findNamed(db: Database, ids: readonly number[]): Promise<AccountNamed[]> {
  return ids.length === 0
    ? []
    : db('accounts as a')
        .whereIn('a.id', [...ids])
        // Of whom is forgotten the acts stay, without a name.
        .whereNull('a.erased_at')
        .select(NAMED);
}

/** Whether an account has to do with a school today: its own pages tell more than what was done here. */
export async function isOfSchool(db: Database, schoolId: number, accountId: number): Promise<boolean> {
  const row = await recordedPupils(db)
    .where({ 'g.account_id': accountId, 'p.school_id': schoolId })
    .select(db.raw('1'))
    .unionAll(
      db('pupils')
        .where({ account_id: accountId, school_id: schoolId })
        .whereNull('left_at')
        .select(db.raw('1')),
    )
    .first();
  return row !== undefined;
}

/** An account that has, or had, to do with a school: a guardian of one of its pupils or a pupil himself. */
export async function findOfSchool(
  db: Database,
  schoolId: number,
  by: { publicId: string } | { identifier: string },
): Promise<AccountNamed | null> {
  const row: AccountNamed | undefined = await db('accounts as a')
    .where('publicId' in by ? { 'a.public_id': by.publicId } : { 'a.identifier': by.identifier })
    .where((either) =>
      either
        .whereExists(
          db('guardian_references as g')
            .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
            .join('pupils as p', 'p.id', 'l.pupil_id')
            .select(db.raw('1'))
            .whereRaw('g.account_id = a.id')
            .where('p.school_id', schoolId),
        )
        .orWhereExists(
          db('pupils as q')
            .select(db.raw('1'))
            .whereRaw('q.account_id = a.id')
            .where('q.school_id', schoolId),
        ),
    )
    .first(NAMED);
  return row ?? null;
}
