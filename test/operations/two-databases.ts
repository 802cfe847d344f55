import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from '../../src/db/database.ts';
import { type PrivateDatabase, startPrivateDatabase } from '../../src/demo/private-database.ts';

/** A database server on a port of loopback, as an operator has it: an account that is not the server's master. */
export type DatabaseServer = {
  port: number;
  folder: string;
  /** As root, without a database; reads what it is told to. */
  root(sql: string): Promise<Record<string, unknown>[]>;
  pid(): Promise<number>;
  /** Starts it on its folder, again if it was there. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

export const ACCOUNT = 'ec:not-a-secret-of-anybody';

/** A server that keeps what it has committed when its process is killed, and can be copied from. */
export async function databaseServer(folder: string, id: number): Promise<DatabaseServer> {
  const port = await freePort();
  let running: PrivateDatabase | undefined;
  const settings = [
    '--skip-networking=0',
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--server-id=${id}`,
    '--log-bin=binlog',
    '--binlog-format=ROW',
    '--innodb-flush-log-at-trx-commit=2',
  ];
  const server: DatabaseServer = {
    port,
    folder,
    async root(sql) {
      const db = openRoot(running?.databaseUrl('mysql') ?? '');
      try {
        const [rows] = await db.raw(sql);
        return Array.isArray(rows) ? rows : [];
      } finally {
        await db.destroy();
      }
    },
    pid: async () => Number(await readFile(join(folder, 'mariadb.pid'), 'utf8')),
    async start() {
      running = await startPrivateDatabase({ folder, durable: false, log: () => {}, settings });
    },
    stop: async () => running?.stop(),
  };
  await server.start();
  return server;
}

/** The account of the application, which read_only binds. */
export async function prepareDatabase({ root }: DatabaseServer): Promise<void> {
  const [user, password] = ACCOUNT.split(':');
  await root('CREATE DATABASE ec CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci');
  await root(`CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY '${password}'`);
  await root(`GRANT ALL ON ec.* TO ${user}@'127.0.0.1'`);
}

/** The second copies all that the first commits, and takes no writes. */
export async function follow(second: DatabaseServer, first: DatabaseServer): Promise<void> {
  await first.root("CREATE USER copy@'127.0.0.1' IDENTIFIED BY 'not-a-secret-either'");
  await first.root("GRANT REPLICATION SLAVE ON *.* TO copy@'127.0.0.1'");
  await second.root('SET GLOBAL read_only = 1');
  await second.root(
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${first.port}, MASTER_USER = 'copy',
     MASTER_PASSWORD = 'not-a-secret-either', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos`,
  );
  await second.root('START SLAVE');
}

/** What an operator does: the first takes no writes any more; when the second has all, it takes them. */
export async function handOver(first: DatabaseServer, second: DatabaseServer): Promise<void> {
  await first.root('SET GLOBAL read_only = 1');
  const [row] = await first.root('SELECT @@global.gtid_binlog_pos AS pos');
  const [waited] = await second.root(`SELECT MASTER_GTID_WAIT('${row?.pos}', 60) AS late`);
  if (Number(waited?.late) !== 0) throw new Error('the second server did not catch up');
  await second.root('STOP SLAVE');
  await second.root('SET GLOBAL read_only = 0');
}

export const addressOf = (servers: readonly DatabaseServer[]): string =>
  `mysql://${ACCOUNT}@${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/ec`;

export function openRoot(url: string): Knex {
  return openDatabase({
    url,
    pool: 2,
    connectTimeoutMs: 10_000,
    acquireTimeoutMs: 20_000,
    statementTimeoutMs: 90_000,
    lockWaitSeconds: 20,
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
