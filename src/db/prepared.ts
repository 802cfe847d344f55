import type { Connection, QueryError } from 'mysql2';

/** A statement that the server has parsed, on one connection. */
type Prepared = { execute(values: unknown[], answered: Answered): unknown };
type Answered = (error: QueryError | null, result?: unknown) => void;

/** Those of each connection; they go with it. */
export type PreparedStatements = Map<string, Prepared>;

/** Constant statements are few dozens; whatever comes beyond is not constant. */
const MOST = 200;
/** ER_MAX_PREPARED_STMT_COUNT_REACHED: a limit of the whole server. */
const NO_MORE = 1461;

/**
 * Runs a statement, prepared if it can be: the server then parses it once a connection. A list (`IN (?)`) is for the
 * driver to expand, and what has no values (BEGIN, COMMIT) costs more to prepare than to say.
 */
export function ask(
  connection: Connection & { prepared?: PreparedStatements },
  sql: string,
  values: readonly unknown[] | null,
  answered: Answered,
): void {
  // A text that has its values in it: each is another one.
  if (values === null) {
    connection.query(sql, null, answered);
    return;
  }
  connection.prepared ??= new Map();
  const known = connection.prepared.get(sql);
  if (known) known.execute(values as unknown[], answered);
  else if (values.length === 0 || connection.prepared.size >= MOST || values.some(Array.isArray))
    connection.query(sql, values as unknown[], answered);
  else
    connection.prepare(sql, (error, statement) => {
      // Another service of the same server may have taken them all.
      if (error?.errno === NO_MORE) return void connection.query(sql, values as unknown[], answered);
      if (error) return answered(error);
      connection.prepared?.set(sql, statement as unknown as Prepared);
      (statement as unknown as Prepared).execute(values as unknown[], answered);
    });
}
