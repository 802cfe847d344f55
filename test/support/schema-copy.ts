import { readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'mysql2/promise';
import { openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrations.ts';

/**
 * Every migration is applied once a run, to a database that is then copied for each test file: that many statements
 * cost more than many tests do.
 */

const TEMPLATE = 'ec_template';
const SETTINGS = {
  pool: 2,
  connectTimeoutMs: 5000,
  acquireTimeoutMs: 10_000,
  statementTimeoutMs: 10_000,
  lockWaitSeconds: 5,
};

/** @param file where the statements go that make a copy */
export async function keepSchema(socketPath: string, file: string): Promise<void> {
  const server = await createConnection({ socketPath, user: 'root' });
  await server.query(`CREATE DATABASE ${TEMPLATE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  await server.end();
  const url = `mysql://root@localhost/${TEMPLATE}?socketPath=${encodeURIComponent(socketPath)}`;
  const db = openDatabase({ ...SETTINGS, url });
  try {
    await migrate(db);
    const statements: string[] = ['SET FOREIGN_KEY_CHECKS = 0'];
    const [tables] = (await db.raw('SHOW TABLES')) as [Record<string, string>[]];
    for (const table of tables.flatMap((row) => Object.values(row))) {
      const [[made]] = (await db.raw('SHOW CREATE TABLE ??', [table])) as [[Record<string, string>]];
      statements.push(made['Create Table'] ?? '');
      if (await db(table).first(db.raw('1 AS found')))
        statements.push(`INSERT INTO \`${table}\` SELECT * FROM ${TEMPLATE}.\`${table}\``);
    }
    await writeFile(file, statements.join(';\n'));
  } finally {
    await db.destroy();
  }
}

/** Fills an empty database of the same server, all in one go. */
export async function copySchema(socketPath: string, database: string, file: string): Promise<void> {
  const connection = await createConnection({ socketPath, user: 'root', database, multipleStatements: true });
  try {
    await connection.query(await readFile(file, 'utf8'));
  } finally {
    await connection.end();
  }
}
