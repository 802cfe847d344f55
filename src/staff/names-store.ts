import type { Database, Transaction } from '../deps.ts';

type Named = { actor: string; givenName: string; familyName: string };

/** What somebody is called whom the audit trail knows as `actor`; of the same actor the last name counts. */
export async function keepStaffName(
  trx: Transaction,
  { actor, givenName, familyName }: Named,
  now: Date,
): Promise<void> {
  const row = { actor, given_name: givenName, family_name: familyName, seen_at: now };
  await trx('staff_names').insert(row).onConflict('actor').merge();
}

/** « Paul DIRECTEUR » by actor; one who has not signed in for a year is not there any more. */
export async function staffNames(
  db: Database,
  actors: readonly (string | null)[],
): Promise<Map<string, string>> {
  const asked = [...new Set(actors.filter((actor) => actor !== null))];
  if (asked.length === 0) return new Map();
  const rows: Named[] = await db('staff_names')
    .whereIn('actor', asked)
    .select({ actor: 'actor', givenName: 'given_name', familyName: 'family_name' });
  return new Map(
    rows.map(({ actor, givenName, familyName }) => [actor, `${givenName} ${familyName}`.trim()]),
  );
}
