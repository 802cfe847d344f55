/** The database of a run: MariaDB with its default durability, large enough to be no bottleneck by its size. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../src/db/database.ts';
import { migrate } from '../src/db/migrations.ts';
import { type PrivateDatabase, startPrivateDatabase } from '../src/demo/private-database.ts';

export type Sql = ReturnType<typeof openDatabase>;

export type BenchDatabase = {
  /** For the bench's own questions, long ones too. */
  sql: Sql;
  /** What DATABASE_URL is for the programs that are measured. */
  url: string;
  /** Of the server, for its CPU time. */
  pid: number;
  version: string;
  close(): Promise<void>;
};

/** 64 MB and a log of 8 MB, as the demo has them, would measure the disk. Durability is not touched. */
const SETTINGS = ['--innodb-buffer-pool-size=1G', '--innodb-log-file-size=256M', '--userstat=1'];

/** @param folder of this run, or one kept from an earlier run */
export async function startDatabase(folder: string, name: string): Promise<BenchDatabase> {
  const server = await startPrivateDatabase({
    folder,
    durable: true,
    log: () => {},
    databases: [name],
    settings: SETTINGS,
  });
  try {
    return await opened(server, folder, name);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function opened(server: PrivateDatabase, folder: string, name: string): Promise<BenchDatabase> {
  const url = server.databaseUrl(name);
  const sql = openDatabase({
    url,
    pool: 4,
    connectTimeoutMs: 10_000,
    acquireTimeoutMs: 10_000,
    statementTimeoutMs: 3_600_000,
    lockWaitSeconds: 50,
  });
  // Transactions that wrote: Handler_commit counts reads as well.
  await sql.raw("SET GLOBAL innodb_monitor_enable = 'trx_rw_commits'");
  await migrate(sql);
  const [[{ version }]] = (await sql.raw('SELECT VERSION() AS version')) as [[{ version: string }]];
  return {
    sql,
    url,
    pid: Number(await readFile(join(folder, 'mariadb.pid'), 'utf8')),
    version: `MariaDB ${version.split('-')[0]}`,
    async close() {
      await sql.destroy();
      await server.stop();
    },
  };
}

export type Counters = { statements: number; commits: number };

const STATEMENTS = [
  'select',
  'insert',
  'update',
  'delete',
  'replace',
  'insert_select',
  'update_multi',
  'delete_multi',
];

/** Since the server's start: statements that read or write rows, and transactions that wrote. */
export async function readCounters(sql: Sql): Promise<Counters> {
  const names = STATEMENTS.map((name) => `'Com_${name}'`).join(', ');
  const [status] = (await sql.raw(`SHOW GLOBAL STATUS WHERE Variable_name IN (${names})`)) as [
    { Value: string }[],
  ];
  const [[row]] = (await sql.raw(
    "SELECT COUNT AS commits FROM information_schema.INNODB_METRICS WHERE NAME = 'trx_rw_commits'",
  )) as [[{ commits: number }]];
  return {
    statements: status.reduce((sum, { Value }) => sum + Number(Value), 0),
    commits: Number(row.commits),
  };
}

/** Rows inserted, changed or deleted by table since the server's start or the last FLUSH. */
export async function changedRows(sql: Sql): Promise<Map<string, number>> {
  const [rows] = (await sql.raw(
    'SELECT TABLE_NAME AS name, ROWS_CHANGED AS changed FROM information_schema.TABLE_STATISTICS WHERE TABLE_SCHEMA = DATABASE()',
  )) as [{ name: string; changed: number }[]];
  return new Map(rows.map(({ name, changed }) => [name, Number(changed)]));
}
