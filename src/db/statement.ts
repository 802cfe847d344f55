import type { Knex } from 'knex';
import type { ResultSetHeader } from 'mysql2';
import type { BoundedClient, RawConnection } from './database.ts';

/**
 * Constant statements without the query builder, for the requests that come by the thousand: a transaction of five
 * statements takes a third of the CPU. Time-outs, lost connections and knex's `query` event are as everywhere else.
 */

/** A transaction on a connection that is held from its BEGIN to its end, by whoever began it. */
export type HeldTransaction = {
  send(sql: string, values?: readonly Value[]): Promise<unknown>;
  /** Gives the connection back. @throws when the server refuses; then roll back */
  commit(): Promise<void>;
  /** Gives the connection back, or throws it away; never throws. */
  rollback(): Promise<void>;
};

/** What a statement can run on. */
export type Sql = Knex | Knex.Transaction | HeldTransaction;

/** For one `?`. An array stands for a list: `IN (?)`. */
export type Value = string | number | boolean | Date | null | readonly (string | number)[];

/** Rows of a SELECT; the caller says what its columns are. */
export async function selectRows<Row>(on: Sql, sql: string, values?: readonly Value[]): Promise<Row[]> {
  return (await send(on, sql, values)) as Row[];
}

export async function selectFirst<Row>(
  on: Sql,
  sql: string,
  values?: readonly Value[],
): Promise<Row | undefined> {
  return (await selectRows<Row>(on, sql, values))[0];
}

/** Runs an INSERT, UPDATE or DELETE. @returns how many rows it met, as knex tells it */
export async function change(on: Sql, sql: string, values?: readonly Value[]): Promise<number> {
  return ((await send(on, sql, values)) as ResultSetHeader).affectedRows;
}

/** The same for a long text that has its values in it: it is not looked through for places for them. */
export async function changeText(db: Knex, sql: string): Promise<number> {
  const client = clientOf(db);
  const connection = await client.acquireConnection();
  try {
    return ((await client.send(connection, sql, null)) as ResultSetHeader).affectedRows;
  } finally {
    client.releaseConnection(connection);
  }
}

/** @throws when no connection is to be had in time */
export async function beginTransaction(db: Knex): Promise<HeldTransaction> {
  const client = clientOf(db);
  const connection = await client.acquireConnection();
  let over = false;
  const end = () => {
    over = true;
    client.releaseConnection(connection);
  };
  const transaction: HeldTransaction = {
    async send(sql, values) {
      // By then the connection may be somebody else's.
      if (over) throw new Error('the transaction is over');
      return client.send(connection, sql, values);
    },
    async commit() {
      await transaction.send('COMMIT');
      end();
    },
    async rollback() {
      if (over) return;
      try {
        await transaction.send('ROLLBACK');
      } catch (error) {
        // What it began must not be committed by whoever gets the connection next.
        client.discard(connection, error);
      }
      end();
    },
  };
  try {
    await transaction.send('BEGIN');
  } catch (error) {
    end();
    throw error;
  }
  return transaction;
}

async function send(on: Sql, sql: string, values?: readonly Value[]): Promise<unknown> {
  if (!('client' in on)) return on.send(sql, values);
  if ('isTransaction' in on && on.isTransaction && (on as Knex.Transaction).isCompleted())
    throw new Error('the transaction is over');
  // A transaction of knex's hands out its own connection, and takes it back without a word.
  const client = clientOf(on);
  const connection = await client.acquireConnection();
  try {
    return await client.send(connection, sql, values);
  } finally {
    client.releaseConnection(connection);
  }
}

type Client = BoundedClient & {
  acquireConnection(): Promise<RawConnection>;
  releaseConnection(connection: RawConnection): unknown;
};

const clientOf = (db: Knex | Knex.Transaction) => db.client as Client;
