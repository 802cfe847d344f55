import type { Database, Transaction } from '../deps.ts';
import type { KnownFunction } from './rights.ts';
import type { Grant, StaffMember, StaffRole, StaffSchool, StaffSession } from './types.ts';

/** Nobody heads as many; what is beyond is not read. */
const MOST = 1000;

const SCHOOL = { id: 's.id', uai: 's.uai', name: 's.name', town: 's.town', degree: 's.degree' };

export type NewStaffSession = StaffMember & {
  idHash: string;
  grants: readonly Grant[];
  tokensSealed: string;
  now: Date;
  expiresAt: Date;
};

export async function insertStaffSession(trx: Transaction, session: NewStaffSession): Promise<void> {
  const { idHash, now } = session;
  await trx('staff_sessions').insert({
    id_hash: idHash,
    issuer: session.issuer,
    sub: session.sub,
    given_name: session.givenName,
    family_name: session.familyName,
    email: session.email,
    strong: session.strong,
    chosen_uai: null,
    tokens_sealed: session.tokensSealed,
    rights_read_at: now,
    created_at: now,
    last_seen_at: now,
    expires_at: session.expiresAt,
  });
  await insertGrants(trx, idHash, session.grants);
}

async function insertGrants(trx: Transaction, idHash: string, grants: readonly Grant[]): Promise<void> {
  if (grants.length === 0) return;
  await trx('staff_grants').insert(grants.map(({ uai, role }) => ({ id_hash: idHash, uai, role })));
}

/** @param seenSince a session not used since then is over */
export async function findStaffSession(
  db: Database,
  idHash: string,
  { now, seenSince }: { now: Date; seenSince: Date },
): Promise<Omit<StaffSession, 'schools'> | null> {
  const row = await db('staff_sessions')
    .where({ id_hash: idHash })
    .where('last_seen_at', '>', seenSince)
    .where('expires_at', '>', now)
    .first({
      idHash: 'id_hash',
      issuer: 'issuer',
      sub: 'sub',
      givenName: 'given_name',
      familyName: 'family_name',
      email: 'email',
      strong: 'strong',
      chosenUai: 'chosen_uai',
      rightsReadAt: 'rights_read_at',
      lastSeenAt: 'last_seen_at',
    });
  return row ? { ...row, strong: row.strong === 1 } : null;
}

/**
 * What the portal said, for schools that we know, and what their heads have delegated to the person of this address
 * as it is now. One statement.
 * @param email as the portal told it, in lower case; never a name
 * @param today `YYYY-MM-DD` in Paris
 */
export async function grantedSchools(
  db: Database,
  { idHash, email }: Pick<StaffSession, 'idHash' | 'email'>,
  today: string,
): Promise<{ school: StaffSchool; role: StaffRole }[]> {
  const delegated = db('staff_delegations as d')
    .join('schools as s', 's.id', 'd.school_id')
    .where({ 'd.email': email ?? '', 'd.living': 1 })
    .where('d.until_day', '>=', today)
    .select({ ...SCHOOL, role: 'd.role' });
  const rows: (StaffSchool & { role: StaffRole })[] = await db('staff_grants as g')
    .join('schools as s', 's.uai', 'g.uai')
    .where('g.id_hash', idHash)
    .select({ ...SCHOOL, role: 'g.role' })
    .unionAll([delegated])
    .orderBy('uai')
    .limit(MOST);
  return rows.map(({ role, ...school }) => ({ school, role }));
}

/** The people of the feed with this address, and their functions; also whoever has left. */
export async function functionsOf(db: Database, email: string): Promise<KnownFunction[]> {
  const rows: (StaffSchool & { staffId: number; address: string; changedAt: Date; code: string | null })[] =
    await db('staff as p')
      .leftJoin('staff_functions as f', (join) => join.on('f.staff_id', 'p.id').andOnNull('p.left_at'))
      .leftJoin('schools as s', 's.id', 'f.school_id')
      .where('p.email', email)
      .orderBy(['p.id', 's.uai'])
      .limit(MOST)
      .select({ ...SCHOOL, staffId: 'p.id', address: 'p.email', changedAt: 'p.updated_at', code: 'f.code' });
  // To the server « rene@ » and « rené@ » are the same address.
  const his = rows.filter(({ address }) => address.toLowerCase() === email);
  return his.map(({ staffId, address: _address, changedAt, code, ...school }) => ({
    staffId,
    changedAt,
    code,
    school: school.id === null ? null : school,
  }));
}

export async function touchStaffSession(db: Database, idHash: string, now: Date): Promise<void> {
  await db('staff_sessions').where({ id_hash: idHash }).update({ last_seen_at: now });
}

export async function saveChoice(db: Database, idHash: string, uai: string): Promise<void> {
  await db('staff_sessions').where({ id_hash: idHash }).update({ chosen_uai: uai });
}

/** @returns the sealed tokens, to end the session at the portal too; null when there was no such session */
export async function removeStaffSession(db: Database, idHash: string): Promise<string | null> {
  const row = await db('staff_sessions').where({ id_hash: idHash }).first('tokens_sealed');
  if (row) await db('staff_sessions').where({ id_hash: idHash }).delete();
  return row?.tokens_sealed ?? null;
}

/** What is needed to ask the portal again, as it is now; null when the session has ended. */
export async function sealedTokens(
  db: Database,
  idHash: string,
): Promise<{ tokensSealed: string; rightsReadAt: Date; hasGrants: boolean } | null> {
  const row = await db('staff_sessions as p')
    .where({ id_hash: idHash })
    .first(
      { tokensSealed: 'tokens_sealed', rightsReadAt: 'rights_read_at' },
      db.raw('EXISTS (SELECT 1 FROM staff_grants g WHERE g.id_hash = p.id_hash) AS hasGrants'),
    );
  return row ? { ...row, hasGrants: row.hasGrants === 1 } : null;
}

/** What the portal says now takes the place of what it said before; nothing when the session has ended meanwhile. */
export async function replaceGrants(
  trx: Transaction,
  idHash: string,
  read: { grants: readonly Grant[]; tokensSealed: string; now: Date },
): Promise<void> {
  const met = await trx('staff_sessions')
    .where({ id_hash: idHash })
    .update({ tokens_sealed: read.tokensSealed, rights_read_at: read.now });
  if (met === 0) return;
  await trx('staff_grants').where({ id_hash: idHash }).delete();
  await insertGrants(trx, idHash, read.grants);
}
