import { type Sql, selectFirst, selectRows } from '../db/statement.ts';
import type { Database } from '../deps.ts';

/** A relying service's registration as it is kept. `metadata` is the library's, without the secret. */
export type ClientRow = {
  clientId: string;
  name: string;
  /** Enters the computation of `sub`; fixed at registration. */
  sector: string;
  metadata: Record<string, unknown>;
  secretSealed: string | null;
  /** When the present secret was made. */
  secretAt: Date | null;
  /** The one before it, good until then. */
  oldSecret: { sealed: string; until: Date } | null;
};

/** A service that has registered where a sign-in to it begins (OpenID Connect Core 1.0, section 4). */
export type SignInBeginning = { clientId: string; name: string; initiateLoginUri: string };

/** Schools where a service is active: all, or these. */
export type ActiveSchools = 'all' | ReadonlySet<number>;

type Row = {
  client_id: string;
  name: string;
  sector: string;
  metadata: string;
  secret_sealed: string | null;
  secret_at: Date | null;
  old_secret_sealed: string | null;
  old_secret_until: Date | null;
};

function clientOf(row: Row): ClientRow {
  return {
    clientId: row.client_id,
    name: row.name,
    sector: row.sector,
    metadata: JSON.parse(row.metadata),
    secretSealed: row.secret_sealed,
    secretAt: row.secret_at,
    oldSecret:
      row.old_secret_sealed === null || row.old_secret_until === null
        ? null
        : { sealed: row.old_secret_sealed, until: row.old_secret_until },
  };
}

/**
 * « Mon compte » of EduConnect itself. Its row is there for what refers to it; it is no relying service, and nothing
 * below finds, lists, changes or removes it.
 */
export const OWN_CLIENT_ID = 'educonnect-mon-compte';

const registrations = (db: Database) => db('oidc_clients').whereNot('oidc_clients.client_id', OWN_CLIENT_ID);

export async function findClientRow(db: Sql, clientId: string): Promise<ClientRow | null> {
  if (clientId === OWN_CLIENT_ID) return null;
  const sql = `SELECT client_id, name, sector, metadata, secret_sealed, secret_at, old_secret_sealed, old_secret_until
    FROM oidc_clients WHERE client_id = ?`;
  const row = await selectFirst<Row>(db, sql, [clientId]);
  return row ? clientOf(row) : null;
}

export async function listClientRows(db: Database): Promise<ClientRow[]> {
  const rows: Row[] = await registrations(db).orderBy('name').orderBy('client_id');
  return rows.map(clientOf);
}

/** Services active for all schools or for one of these, if they say where a sign-in begins; by name. */
export async function listServicesOfSchools(
  db: Database,
  schoolIds: readonly number[],
): Promise<SignInBeginning[]> {
  const uri = "JSON_UNQUOTE(JSON_EXTRACT(metadata, '$.initiate_login_uri'))";
  const active = db('client_services')
    .whereNull('school_id')
    .orWhereIn('school_id', [...schoolIds])
    .select('client_id');
  return registrations(db)
    .whereIn('client_id', active)
    .whereRaw(`${uri} IS NOT NULL`)
    .orderBy('name')
    .orderBy('client_id')
    .select({ clientId: 'client_id', name: 'name', initiateLoginUri: db.raw(uri) });
}

export async function insertClient(db: Database, client: ClientRow, now: Date): Promise<void> {
  await db('oidc_clients').insert({ ...columnsOf(client), created_at: now, updated_at: now });
}

/** @returns false when there is no such client */
export async function updateClient(db: Database, client: ClientRow, now: Date): Promise<boolean> {
  const { client_id, sector, ...columns } = columnsOf(client);
  const changed = await registrations(db)
    .where({ client_id, sector })
    .update({ ...columns, updated_at: now });
  return changed === 1;
}

function columnsOf(client: ClientRow) {
  return {
    client_id: client.clientId,
    name: client.name,
    sector: client.sector,
    metadata: JSON.stringify(client.metadata),
    secret_sealed: client.secretSealed,
    secret_at: client.secretAt,
    old_secret_sealed: client.oldSecret?.sealed ?? null,
    old_secret_until: client.oldSecret?.until ?? null,
  };
}

/** Everything of it goes: sessions' knowledge of it, grants, tokens, schools. */
export async function deleteClient(db: Database, clientId: string): Promise<boolean> {
  return (await registrations(db).where({ client_id: clientId }).delete()) === 1;
}

export async function activeSchools(db: Sql, clientId: string): Promise<ActiveSchools> {
  const sql = 'SELECT school_id FROM client_services WHERE client_id = ?';
  const rows = await selectRows<{ school_id: number | null }>(db, sql, [clientId]);
  const ids = rows.flatMap(({ school_id }) => (school_id === null ? [] : [school_id]));
  return ids.length < rows.length ? 'all' : new Set(ids);
}

/** UAIs where each service is active; `all` stands for every school. */
export async function listActiveUais(db: Database): Promise<Map<string, string[]>> {
  const rows: { client_id: string; uai: string | null }[] = await db('client_services as v')
    .leftJoin('schools as s', 's.id', 'v.school_id')
    .orderBy('s.uai')
    .select('v.client_id', 's.uai');
  const found = new Map<string, string[]>();
  for (const { client_id, uai } of rows)
    found.set(client_id, [...(found.get(client_id) ?? []), uai ?? 'all']);
  return found;
}

export async function findSchoolId(db: Database, uai: string): Promise<number | null> {
  const row = await db('schools').where({ uai }).select('id').first();
  return row?.id ?? null;
}

/** @param schoolId null: all schools */
export async function addSchool(
  db: Database,
  clientId: string,
  schoolId: number | null,
  now: Date,
): Promise<void> {
  // Not INSERT IGNORE, which would also take a service or a school that does not exist for one that is there.
  await db('client_services')
    .insert({ client_id: clientId, school_id: schoolId, created_at: now })
    .onConflict(['client_id', 'school_key'])
    .merge(['client_id']);
}

/** @param schoolId null: the leave for all schools; those named one by one stay */
export async function removeSchool(
  db: Database,
  clientId: string,
  schoolId: number | null,
): Promise<boolean> {
  const rows = db('client_services').where({ client_id: clientId });
  const which = schoolId === null ? rows.whereNull('school_id') : rows.where({ school_id: schoolId });
  return (await which.delete()) > 0;
}
