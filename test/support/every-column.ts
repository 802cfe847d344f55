import type { Knex } from 'knex';

type Column = { table: string; column: string };

/** « table.column » of every column of the database in which one of these values is, alone or within a text. */
export async function columnsWith(db: Knex, values: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const { table, column } of await textColumns(db)) {
    const query = db(table);
    for (const value of values)
      query.orWhereRaw('LOCATE(LOWER(?), LOWER(CONVERT(?? USING utf8mb4))) > 0', [value, column]);
    if (await query.first(db.raw('1 AS hit'))) found.push(`${table}.${column}`);
  }
  return found.sort();
}

async function textColumns(db: Knex): Promise<Column[]> {
  const [rows] = await db.raw(
    `SELECT c.TABLE_NAME AS \`table\`, c.COLUMN_NAME AS \`column\` FROM information_schema.COLUMNS c
     JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
     WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE'
       AND c.DATA_TYPE IN ('char', 'varchar', 'text', 'mediumtext', 'longtext', 'tinytext', 'binary', 'varbinary', 'blob')`,
  );
  return rows;
}

/** « table.column » of what refers to rows of a table. */
export async function referencesTo(db: Knex, table: string): Promise<string[]> {
  const [rows] = await db.raw(
    `SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS name FROM information_schema.KEY_COLUMN_USAGE
     WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME = ? ORDER BY name`,
    [table],
  );
  return rows.map(({ name }: { name: string }) => name);
}

export async function columnsOf(db: Knex, name: RegExp): Promise<string[]> {
  const [rows] = await db.raw(
    `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\` FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, COLUMN_NAME`,
  );
  return (rows as Column[])
    .filter(({ column }) => name.test(column))
    .map(({ table, column }) => `${table}.${column}`);
}
