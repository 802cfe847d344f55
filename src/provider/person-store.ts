import { accountColumns } from '../accounts/store.ts';
import type { Database } from '../deps.ts';
import type { Person } from './rows.ts';

const PROPERTIES = [
  'id',
  'publicId',
  'kind',
  'state',
  'givenName',
  'familyName',
  'email',
  'emailVerifiedAt',
  'lastLoginAt',
  'credentialsVersion',
  'closedAt',
] as const satisfies readonly (keyof Person)[];

const PREFIX = 'person_';

/** Columns to select from a join with `accounts`; `personOf` reads them back. */
export function personColumns(table: string): string[] {
  const columns = accountColumns(table);
  return PROPERTIES.map((property) => `${columns[property]} as ${PREFIX}${property}`);
}

/** The person of a joined row; null when the outer join found none. */
export function personOf(row: Record<string, unknown>): Person | null {
  if (row[`${PREFIX}id`] === null || row[`${PREFIX}id`] === undefined) return null;
  const entries = PROPERTIES.map((property) => [property, row[PREFIX + property]]);
  return Object.fromEntries(entries) as Person;
}

/** @param publicId the provider's account id */
export async function findPerson(db: Database, publicId: string): Promise<Person | null> {
  const row = await db('accounts as a').where({ public_id: publicId }).select(personColumns('a')).first();
  return row ? personOf(row) : null;
}

/** May be known to services: activated and not closed (R-178, pitfall 9). */
export function isPresentable(person: Person | null | undefined): person is Person {
  return person !== null && person !== undefined && person.state === 'activated' && person.closedAt === null;
}
