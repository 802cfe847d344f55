import { type Sql, selectFirst } from '../db/statement.ts';
import type { Person } from './rows.ts';

/** The columns that `personOf` reads back, of a statement in which `accounts` is called `a`. */
export const PERSON_COLUMNS = `a.id AS person_id, a.public_id AS person_public_id, a.kind AS person_kind,
  a.state AS person_state, a.given_name, a.family_name, a.email, a.email_verified_at, a.last_login_at,
  a.credentials_version AS person_version, a.closed_at, a.frozen_at`;

/** All null where an outer join found nobody. */
export type PersonRow = {
  person_id: number | null;
  person_public_id: string;
  person_kind: Person['kind'];
  person_state: Person['state'];
  given_name: string;
  family_name: string;
  email: string | null;
  email_verified_at: Date | null;
  last_login_at: Date | null;
  person_version: number;
  closed_at: Date | null;
  frozen_at: Date | null;
};

/** The person of a joined row; null when the outer join found none. */
export function personOf(row: PersonRow): Person | null {
  if (row.person_id === null) return null;
  return {
    id: row.person_id,
    publicId: row.person_public_id,
    kind: row.person_kind,
    state: row.person_state,
    givenName: row.given_name,
    familyName: row.family_name,
    email: row.email,
    emailVerifiedAt: row.email_verified_at,
    lastLoginAt: row.last_login_at,
    credentialsVersion: row.person_version,
    // Nobody gets in to a frozen account, as to a closed one.
    closedAt: row.closed_at ?? row.frozen_at,
  };
}

/** @param publicId the provider's account id */
export async function findPerson(db: Sql, publicId: string): Promise<Person | null> {
  const row = await selectFirst<PersonRow>(
    db,
    `SELECT ${PERSON_COLUMNS} FROM accounts a WHERE a.public_id = ?`,
    [publicId],
  );
  return row ? personOf(row) : null;
}

/** May be known to services: activated and not closed (R-178, pitfall 9). */
export function isPresentable(person: Person | null | undefined): person is Person {
  return person !== null && person !== undefined && person.state === 'activated' && person.closedAt === null;
}
