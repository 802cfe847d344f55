import type { Database } from '../../deps.ts';

export type ServerFacts = {
  version: string;
  at: Date;
  isolation: string;
  readOnly: number;
  maxConnections: number;
  charset: string;
  collation: string;
};

export async function serverFacts(db: Database): Promise<ServerFacts> {
  const [rows] = await db.raw(
    `SELECT VERSION() AS version, UTC_TIMESTAMP(3) AS at, @@global.read_only AS readOnly,
       @@global.max_connections AS maxConnections, DEFAULT_CHARACTER_SET_NAME AS charset,
       DEFAULT_COLLATION_NAME AS collation
     FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()`,
  );
  const [[isolation]] = await db.raw(
    "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')",
  );
  return { ...rows[0], isolation: isolation?.Value ?? '' };
}

/** What the account of DATABASE_URL may do with this database. */
export async function privileges(db: Database): Promise<string[]> {
  const [rows] = await db.raw(
    `SELECT PRIVILEGE_TYPE AS name FROM information_schema.USER_PRIVILEGES
     UNION SELECT PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES
     WHERE DATABASE() LIKE TABLE_SCHEMA`,
  );
  return rows.map(({ name }: { name: string }) => name);
}

export async function migrationsApplied(db: Database): Promise<string[]> {
  return db('schema_migrations').orderBy('id').pluck('name');
}

/** Since when the key that signs now has signed, by algorithm. */
export async function signingSince(db: Database, now: Date): Promise<{ alg: string; since: Date }[]> {
  return db('signing_keys')
    .where('signs_from', '<=', now)
    .where((still) => still.whereNull('withdrawn_at').orWhere('withdrawn_at', '>', now))
    .groupBy('alg')
    .select('alg')
    .max({ since: 'signs_from' });
}

export type ImportFacts = { state: string; startedAt: Date; finishedAt: Date | null };

/** The last runs that were no trial, the latest first. */
export async function lastImports(db: Database): Promise<ImportFacts[]> {
  return db('import_runs')
    .where({ dry_run: 0 })
    .orderBy('started_at', 'desc')
    .limit(20)
    .select({ state: 'state', startedAt: 'started_at', finishedAt: 'finished_at' });
}

/** The oldest message that should have left by now, and the words of its last failure. */
export async function oldestDue(
  db: Database,
  now: Date,
): Promise<{ channel: string; dueSince: Date; error: string | null }[]> {
  return db('outbox_messages')
    .whereIn('channel', ['email', 'sms'])
    .where('state', 'waiting')
    .where('due_at', '<', now)
    .groupBy('channel')
    .select('channel')
    .min({ dueSince: 'created_at' })
    .max({ error: 'last_error' });
}

export async function takesWrites(db: Database): Promise<boolean> {
  const [[row]] = await db.raw('SELECT @@global.read_only AS readOnly');
  return Number(row?.readOnly) === 0;
}
