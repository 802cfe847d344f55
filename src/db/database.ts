import knexPackage, { type Knex } from 'knex';
import type { Connection, ConnectionOptions, QueryError } from 'mysql2';
import { countAwake } from './awake.ts';
import { createHosts, type Hosts } from './hosts.ts';
import { ask, type PreparedStatements } from './prepared.ts';

const { knex } = knexPackage;

export { parseDatabaseUrl } from './hosts.ts';

export type DatabaseSettings = {
  /** `mysql://user:password@host[:port][,host2[:port2]]/name[?socketPath=/path]` */
  url: string;
  /** Shared by the pools of a process; absent: a pool that finds its host by itself. */
  hosts?: Hosts | undefined;
  /** Largest number of connections. */
  pool: number;
  connectTimeoutMs: number;
  acquireTimeoutMs: number;
  /** A statement that has not answered by then is given up together with its connection. */
  statementTimeoutMs: number;
  /** Seconds to wait for a row lock before ER_LOCK_WAIT_TIMEOUT. */
  lockWaitSeconds: number;
  /** Told of connections that failed; absent: nobody. */
  warn?: ((message: string) => void) | undefined;
};

const ignore = () => {};
/** Characters that say which statement it was where the values are in its text: no more than the table's name. */
const NAMED_BY = 30;

export type RawConnection = Connection & {
  __knex__disposed?: unknown;
  __knexUid?: string;
  __knexTxId?: string;
  prepared?: PreparedStatements;
  /** Of hosts.ts. */
  era?: number;
};

/** What our dialect has beyond knex's, for statement.ts. */
export type BoundedClient = {
  /** Rows, or the result of a statement that has none; bounded like any other statement. `null`: it has no places. */
  send(connection: RawConnection, sql: string, values?: readonly unknown[] | null): Promise<unknown>;
  /** Throws a connection away instead of giving it back. */
  discard(connection: RawConnection, why: unknown): void;
};

type QueryObject = { sql: string; bindings?: unknown[]; options?: Record<string, unknown> };

/** The parts of knex's MySQL dialect that are replaced; its own types leave them out. */
type Dialect = new (
  config: Knex.Config,
) => Knex.Client & {
  driver: { createConnection(options: ConnectionOptions): Connection };
  connectionSettings: ConnectionOptions;
  _query(connection: RawConnection, object: QueryObject | string): Promise<unknown>;
  acquireRawConnection(): Promise<RawConnection>;
  acquireConnection(): Promise<unknown>;
  destroy(): Promise<void>;
  emit(event: string, ...args: unknown[]): boolean;
};

/**
 * Opens a pool. Nothing is connected before the first statement, so a process starts with the database away.
 * Time zone, SQL mode, isolation (READ COMMITTED: fewer gap locks, and a re-read in a transaction sees what
 * others committed) and lock waits are set on each connection, the same on MySQL 8 and MariaDB.
 */
export function openDatabase(settings: DatabaseSettings): Knex {
  const hosts = settings.hosts ?? createHosts(settings.url);
  const client = boundedDialect(hosts, settings);
  return knex({
    client: client as unknown as typeof Knex.Client,
    connection: connectionOptions(
      hosts.inOrder()[0] as ConnectionOptions,
      settings,
    ) as Knex.StaticConnectionConfig,
    acquireConnectionTimeout: settings.acquireTimeoutMs,
    // Error messages carry placeholders, never the values: they end in logs.
    compileSqlOnError: false,
    log: { warn: settings.warn ?? ignore, error: settings.warn ?? ignore, deprecate: ignore, debug: ignore },
    pool: {
      min: 0,
      max: settings.pool,
      idleTimeoutMillis: 60_000,
      createTimeoutMillis: hosts.inOrder().length * settings.connectTimeoutMs + 500,
      createRetryIntervalMillis: 100,
      destroyTimeoutMillis: 1000,
      propagateCreateError: false,
      afterCreate: (
        connection: RawConnection,
        done: (error: Error | null, connection?: RawConnection) => void,
      ) => {
        prepareConnection(connection, settings).then(
          () => done(null, connection),
          (error: Error) => done(error),
        );
      },
    },
  });
}

function connectionOptions(host: ConnectionOptions, settings: DatabaseSettings): ConnectionOptions {
  return {
    ...host,
    charset: 'utf8mb4',
    timezone: 'Z',
    connectTimeout: settings.connectTimeoutMs,
    stringifyObjects: true,
    supportBigNumbers: true,
    dateStrings: ['DATE'],
    enableKeepAlive: true,
  };
}

/**
 * knex's mysql2 dialect with three differences: of several hosts the one that takes writes is looked for; each statement has a time-out on our
 * side (a frozen server answers none of its own), which counts the time in which this process ran; a connection that
 * timed out, or that turned read-only after a failover (1290, 1836), is thrown away instead of going back to the pool.
 */
function boundedDialect(hosts: Hosts, settings: DatabaseSettings): Dialect {
  const Base = mysql2Dialect();
  // Of the pool, not of the client: the query builder copies that for each transaction.
  const awake = countAwake();
  class BoundedMysql extends Base {
    lastConnectError: unknown;

    override async acquireRawConnection(): Promise<RawConnection> {
      let lastError: unknown;
      for (const host of hosts.inOrder()) {
        try {
          const connection = await connect(this.driver, connectionOptions(host, settings));
          if (hosts.several) await refuseReadOnly(connection, settings);
          connection.era = hosts.found(host);
          this.lastConnectError = undefined;
          return connection;
        } catch (error) {
          lastError = this.lastConnectError = error;
        }
      }
      throw lastError;
    }

    override async acquireConnection(): Promise<unknown> {
      const until = awake.now() + settings.acquireTimeoutMs;
      for (;;) {
        try {
          return await super.acquireConnection();
        } catch (error) {
          if ((error as Error).name !== 'KnexTimeoutError') throw error;
          if (awake.now() < until - ASLEEP_MS) continue;
          // knex guesses at a forgotten transaction; what the server said last is the better hint.
          (error as Error).message =
            `no connection to the database in time (${reasonOf(this.lastConnectError)})`;
          throw error;
        }
      }
    }

    override async validateConnection(connection: RawConnection): Promise<boolean> {
      const usable = !connection.__knex__disposed && hosts.isCurrent(connection.era ?? 0);
      return usable && (await super.validateConnection(connection));
    }

    override async _query(connection: RawConnection, object: QueryObject | string): Promise<unknown> {
      const query = typeof object === 'string' ? { sql: object } : object;
      // The server undoes what a lost connection had begun; a ROLLBACK that fails would hide why it was lost.
      if (connection.__knex__disposed && /^ROLLBACK/i.test(query.sql))
        return { ...query, response: [[], []] };
      return this.bounded(connection, query.sql, (done) => {
        super._query(connection, query).then((result) => done(null, result), done);
      });
    }

    send(connection: RawConnection, sql: string, values: readonly unknown[] | null = []): Promise<unknown> {
      const { __knexUid, __knexTxId } = connection;
      this.emit('query', { __knexUid, __knexTxId, sql, bindings: values });
      const named = values === null ? sql.slice(0, NAMED_BY) : sql;
      return this.bounded(connection, named, (done) => {
        ask(connection, sql, values, (error, result) => {
          // As knex does: which statement it was, with placeholders for the values.
          if (error) error.message = `${named} - ${error.message}`;
          done(error, result);
        });
      });
    }

    /** Whatever is not answered in time takes its connection with it. */
    bounded(connection: RawConnection, sql: string, start: (done: Done) => void): Promise<unknown> {
      return new Promise((resolve, reject) => {
        const fail = (error: unknown) => {
          if (spoilsConnection(error)) this.discard(connection, error);
          if (isReadOnly(error)) hosts.turnedReadOnly();
          reject(error);
        };
        const callOff = awake.within(settings.statementTimeoutMs, () => fail(timedOut(sql)));
        start((error, result) => {
          callOff();
          if (error) fail(error);
          else resolve(result);
        });
      });
    }

    discard(connection: RawConnection, why: unknown): void {
      connection.__knex__disposed = why;
      connection.destroy();
    }

    override async destroy(): Promise<void> {
      // What is still under way is waited for, and its time must go on meanwhile.
      await super.destroy();
      awake.stop();
    }
  }
  return BoundedMysql as unknown as Dialect;
}

/** Of the time that a connection was waited for: so much less than the limit, and the process has slept. */
const ASLEEP_MS = 150;

type Done = (error: unknown, result?: unknown) => void;

function timedOut(sql: string): Error {
  const message = `${sql} - not answered in time`;
  return Object.assign(new Error(message), { code: STATEMENT_TIMEOUT });
}

function mysql2Dialect(): Dialect {
  // The dialect class is not exported by name; a throw-away instance (it connects nowhere) gives it.
  const probe = knex({ client: 'mysql2' });
  return (probe.client as object).constructor as unknown as Dialect;
}

function connect(
  driver: { createConnection(options: ConnectionOptions): Connection },
  options: ConnectionOptions,
): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const connection: RawConnection = driver.createConnection(options);
    connection.on('error', (error: Error) => {
      connection.__knex__disposed = error;
    });
    connection.connect((error: QueryError | null) => {
      if (!error) return resolve(connection);
      connection.destroy();
      reject(error);
    });
  });
}

/** A replica, or what was written to before another host took over. */
function refuseReadOnly(connection: RawConnection, settings: DatabaseSettings): Promise<void> {
  const sql = 'SELECT @@global.read_only AS readOnly';
  return new Promise((resolve, reject) => {
    connection.query({ sql, timeout: settings.connectTimeoutMs }, (error, rows) => {
      const readOnly = !error && Number((rows as { readOnly: number }[])[0]?.readOnly) !== 0;
      if (!error && !readOnly) return resolve();
      connection.destroy();
      reject(
        error ??
          Object.assign(new Error('the host takes no writes'), { code: 'ER_OPTION_PREVENTS_STATEMENT' }),
      );
    });
  });
}

async function prepareConnection(connection: RawConnection, settings: DatabaseSettings): Promise<void> {
  const run = (sql: string) =>
    new Promise<void>((resolve, reject) =>
      connection.query({ sql, timeout: settings.connectTimeoutMs }, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
  await run(
    "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY', " +
      `innodb_lock_wait_timeout = ${Math.max(1, Math.round(settings.lockWaitSeconds))}`,
  );
  await run('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
}

/** A code such as ECONNREFUSED or ER_ACCESS_DENIED_ERROR: never an address, a user or a password. */
function reasonOf(error: unknown): string {
  return (error as { code?: string } | undefined)?.code ?? 'all are busy';
}

/** As the driver calls it. */
const STATEMENT_TIMEOUT = 'PROTOCOL_SEQUENCE_TIMEOUT';
const READ_ONLY_ERRORS = new Set([1290, 1792, 1836]);

function spoilsConnection(error: unknown): boolean {
  const { code, errno, fatal } = error as { code?: string; errno?: number; fatal?: boolean };
  return code === STATEMENT_TIMEOUT || fatal === true || READ_ONLY_ERRORS.has(errno ?? 0);
}

const isReadOnly = (error: unknown) => READ_ONLY_ERRORS.has((error as { errno?: number }).errno ?? 0);

/** No space left on the server's disk: what was begun is rolled back, and it goes on once there is some again. */
const FULL_DISK_ERRORS = [1021, 1026, 1114];

/** True when the database is away, frozen, overloaded, full or read-only: the answer is 503, not 500. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, errno, name, fatal } = error as {
    code?: string;
    errno?: number;
    name?: string;
    fatal?: boolean;
  };
  if (name === 'KnexTimeoutError' || name === 'TimeoutError' || name === 'AbortError') return true;
  if (READ_ONLY_ERRORS.has(errno ?? 0) || [1040, 1053, 1205, 1213, 1927].includes(errno ?? 0)) return true;
  if (FULL_DISK_ERRORS.includes(errno ?? 0)) return true;
  const lost = [
    STATEMENT_TIMEOUT,
    'PROTOCOL_CONNECTION_LOST',
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EPIPE',
    'ENOENT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
  ];
  const ofDatabase =
    fatal === true ||
    (error as { sqlMessage?: string }).sqlMessage !== undefined ||
    code === STATEMENT_TIMEOUT;
  return (
    code !== undefined &&
    lost.includes(code) &&
    (ofDatabase || (error as { syscall?: string }).syscall === 'connect')
  );
}
