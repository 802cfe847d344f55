import type { Database } from '../deps.ts';
import type { Contact, CurrentPerson, StagedGuardian } from './school-state.ts';

const CHUNK = 1000;

/** What the persons of a school share with their ids: these are unique in a base only. */
export type Scope = { academy_code: string; degree: number };

/** By the id of the feed. */
export async function stagedGuardians(
  db: Database,
  runId: number,
  scope: Scope,
  ids: readonly string[],
): Promise<Map<string, StagedGuardian>> {
  const rows: (Omit<StagedGuardian, 'refused' | 'deleted'> & { refused: number; deleted: number })[] =
    await inChunks(ids, (part) =>
      db('staged_guardians')
        .select({
          sourceId: 'source_id',
          digest: 'digest',
          givenName: 'given_name',
          familyName: 'family_name',
          publicId: 'public_id',
          refused: 'refused',
          deleted: 'deleted',
          planned: 'planned',
        })
        .where({ run_id: runId, ...scope })
        .whereIn('source_id', part),
    );
  return new Map(
    rows.map(({ refused, deleted, ...row }) => [
      row.sourceId,
      { ...row, refused: Boolean(refused), deleted: Boolean(deleted) },
    ]),
  );
}

type PersonRow = Omit<CurrentPerson, 'left'> & { leftAt: Date | null };

export async function currentGuardians(
  db: Database,
  scope: Scope,
  ids: readonly string[],
): Promise<Map<string, CurrentPerson>> {
  const rows: PersonRow[] = await inChunks(ids, (part) =>
    db('guardian_references')
      .select({
        id: 'id',
        sourceId: 'source_id',
        digest: 'digest',
        accountId: 'account_id',
        leftAt: 'left_at',
        givenName: 'given_name',
        familyName: 'family_name',
      })
      .where(scope)
      .whereIn('source_id', part),
  );
  return new Map(rows.map(({ leftAt, ...row }) => [row.sourceId, { ...row, left: leftAt !== null }]));
}

/** How guardians can be reached: as it was known and as the feed says. */
export async function contactsOf(db: Database, runId: number, scope: Scope, ids: readonly string[]) {
  const of = async (table: 'guardian_references' | 'staged_guardians', where: object) => {
    const rows: (Contact & { id: string })[] = await inChunks(ids, (part) =>
      db(table)
        .select({ id: 'source_id', mobile: 'mobile', email: 'email' })
        .select(db.raw(`CONCAT_WS('|', address, postal_code, town, country) AS address`))
        .where(where)
        .whereIn('source_id', part),
    );
    return new Map(rows.map(({ id, ...contact }) => [id, contact]));
  };
  return {
    known: await of('guardian_references', scope),
    staged: await of('staged_guardians', { run_id: runId, deleted: 0, ...scope }),
  };
}

export async function inChunks<K, R>(
  keys: readonly K[],
  query: (part: K[]) => PromiseLike<R[]>,
): Promise<R[]> {
  const rows: R[] = [];
  for (let start = 0; start < keys.length; start += CHUNK) {
    rows.push(...(await query(keys.slice(start, start + CHUNK))));
  }
  return rows;
}
