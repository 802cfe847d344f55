import type { Knex } from 'knex';
import * as core from '../../migrations/001_core.ts';
import * as imports from '../../migrations/002_imports.ts';
import * as provider from '../../migrations/003_provider.ts';
import * as messages from '../../migrations/004_messages.ts';
import * as importsComplete from '../../migrations/005_imports.ts';
import * as leases from '../../migrations/006_leases.ts';
import * as accountSessions from '../../migrations/007_account_sessions.ts';
import * as waysIn from '../../migrations/009_ways_in.ts';
import * as franceConnect from '../../migrations/010_franceconnect.ts';
import * as sms from '../../migrations/011_sms.ts';
import * as recovery from '../../migrations/012_recovery.ts';
import * as statistics from '../../migrations/014_statistics.ts';
import * as staffSessions from '../../migrations/015_staff_sessions.ts';
import * as distributions from '../../migrations/016_distributions.ts';
import * as families from '../../migrations/017_families.ts';
import * as importSpeed from '../../migrations/018_import_speed.ts';
import * as schoolAddress from '../../migrations/022_school_address.ts';
import * as accountLanguage from '../../migrations/023_account_language.ts';
import * as accountPages from '../../migrations/024_account_pages.ts';
import * as passkeys from '../../migrations/025_passkeys.ts';
import * as regroupAccount from '../../migrations/026_regroup_account.ts';
import * as pupils from '../../migrations/027_pupils.ts';
import * as forced from '../../migrations/028_forced_changes_and_delegations.ts';
import * as retention from '../../migrations/029_retention.ts';
import * as services from '../../migrations/030_services.ts';
import * as auditChain from '../../migrations/031_audit_chain.ts';
import * as forcedExpiry from '../../migrations/033_forced_changes_expiry.ts';
import * as liftedMarks from '../../migrations/034_lifted_marks.ts';
import * as auditActor from '../../migrations/035_audit_actor.ts';
import { inTransaction } from './transaction.ts';

type Migration = { name: string; up(db: Knex): Promise<void>; down(db: Knex): Promise<void> };

/** In order; a merged migration is frozen, a change is a new one. Imported one by one, so that all runtimes load the same. */
const MIGRATIONS: Migration[] = [
  { name: '001_core', ...core },
  { name: '002_imports', ...imports },
  { name: '003_provider', ...provider },
  { name: '004_messages', ...messages },
  { name: '005_imports', ...importsComplete },
  { name: '006_leases', ...leases },
  { name: '007_account_sessions', ...accountSessions },
  { name: '009_ways_in', ...waysIn },
  { name: '010_franceconnect', ...franceConnect },
  { name: '011_sms', ...sms },
  { name: '012_recovery', ...recovery },
  { name: '014_statistics', ...statistics },
  { name: '015_staff_sessions', ...staffSessions },
  { name: '016_distributions', ...distributions },
  { name: '017_families', ...families },
  { name: '018_import_speed', ...importSpeed },
  { name: '022_school_address', ...schoolAddress },
  { name: '023_account_language', ...accountLanguage },
  { name: '024_account_pages', ...accountPages },
  { name: '025_passkeys', ...passkeys },
  { name: '026_regroup_account', ...regroupAccount },
  { name: '027_pupils', ...pupils },
  { name: '028_forced_changes_and_delegations', ...forced },
  { name: '029_retention', ...retention },
  { name: '030_services', ...services },
  { name: '031_audit_chain', ...auditChain },
  { name: '033_forced_changes_expiry', ...forcedExpiry },
  { name: '034_lifted_marks', ...liftedMarks },
  { name: '035_audit_actor', ...auditActor },
];

const source: Knex.MigrationSource<Migration> = {
  getMigrations: async () => MIGRATIONS,
  getMigrationName: (migration) => migration.name,
  getMigration: async (migration) => migration,
};
const settings: Knex.MigratorConfig = {
  migrationSource: source as Knex.MigrationSource<unknown>,
  tableName: 'schema_migrations',
  disableTransactions: true,
};

/**
 * Applies what is pending. One process at a time: the others wait for the row that it holds in a transaction of its
 * own, which ends with its connection, so that a process that was killed blocks nobody. The library's own mark,
 * which would outlive it, is therefore cleared first. The pool must have two connections.
 * @returns the names applied
 */
export async function migrate(db: Knex): Promise<string[]> {
  await db.raw('CREATE TABLE IF NOT EXISTS schema_lock (id TINYINT NOT NULL PRIMARY KEY) ENGINE=InnoDB');
  await db.raw('INSERT IGNORE INTO schema_lock (id) VALUES (1)');
  return inTransaction(db, async (trx) => {
    await trx('schema_lock').where({ id: 1 }).forUpdate();
    await db.migrate.forceFreeMigrationsLock(settings);
    const [, applied] = (await db.migrate.latest(settings)) as [number, string[]];
    return applied;
  });
}

/** Names of the migrations that this program needs and the database does not have. */
export async function pendingMigrations(db: Knex): Promise<string[]> {
  if (!(await db.schema.hasTable('schema_migrations'))) return MIGRATIONS.map((migration) => migration.name);
  const rows: { name: string }[] = await db('schema_migrations').select('name');
  const applied = new Set(rows.map((row) => row.name));
  return MIGRATIONS.map((migration) => migration.name).filter((name) => !applied.has(name));
}
