import { Provider } from 'oidc-provider';
import { beginTransaction, type HeldTransaction, type Sql } from '../db/statement.ts';
import type { Deps } from '../deps.ts';
import type { SealedIdToken } from './franceconnect-store.ts';
import type { Notice } from './notice-store.ts';
import type { Grant, LoadedSession, Person, SessionBinding } from './rows.ts';
import { insertTokens, type NewToken } from './token-store.ts';

/** `changing` requests are one transaction; `reading` ones write nothing and need none. */
export type UnitKind = 'changing' | 'reading';

/**
 * What one request of the provider does to the database (security.md, decision 1): one transaction on one connection,
 * begun by the first statement, shared by the adapter, `findAccount` and the stores; and what it has read already.
 */
export type Unit = {
  kind: UnitKind;
  /** Path below the mount point, for the few answers that depend on it. */
  path: string;
  /** The service that asks, where the address says so; else empty. */
  clientId: string;
  persons: Map<string, Person | null>;
  grants: Map<string, Grant>;
  sessions: Map<string, LoadedSession>;
  /** Sessions read with a token. */
  bindings: Map<string, SessionBinding>;
  /** Grants deleted by this request. */
  revoked: Set<string>;
  /** `credentials_version` for which the login of this interaction was handed over. */
  loginVersion?: number;
  /** Stand-in for an identifier of which only the hash is known -> the hash. */
  aliases: Map<string, string>;
  /** Codes and tokens made and not written yet: they wait for one another, but for no other statement. */
  unwritten: NewToken[];
  /** Of the session that this request has ended: it came from FranceConnect, and is ended there too. */
  idToken?: SealedIdToken;
  /** Services that are told of a logout when the transaction is committed. */
  notices: Notice[];
  /** The first fault of the database: nothing may be written after it, not even in somebody's `finally`. */
  failure?: unknown;
  transaction?: Promise<HeldTransaction>;
};

/** On the context itself: a weak map of thousands of contexts is work for the garbage collector. */
const UNIT = Symbol('unit of work');
type Holder = { [UNIT]?: Unit };

/**
 * The unit of the request that runs now; undefined outside the provider's requests. Which request that is, the
 * library knows: a storage of our own beside the library's would cost every promise a second look.
 */
export function currentUnit(): Unit | undefined {
  return (Provider.ctx as Holder | undefined)?.[UNIT];
}

/** Runs one statement, or some, on the connection of this request. */
export async function inUnit<T>(deps: Pick<Deps, 'db'>, work: (db: Sql) => Promise<T>): Promise<T> {
  const unit = currentUnit();
  if (!unit) return work(deps.db);
  if (unit.failure !== undefined) throw unit.failure;
  try {
    if (unit.kind === 'reading') return await work(deps.db);
    unit.transaction ??= beginTransaction(deps.db);
    const transaction = await unit.transaction;
    await writeTokens(unit, transaction);
    return await work(transaction);
  } catch (error) {
    // A deadlock has undone the whole transaction: a statement after it would be committed alone.
    if (isFault(error)) unit.failure = error;
    throw error;
  }
}

/**
 * Keeps a code or a token. What one answer carries is written by one statement: with the next statement of the
 * request, which therefore finds it, or when the request ends.
 */
export async function keepToken(deps: Pick<Deps, 'db'>, token: NewToken): Promise<void> {
  const unit = currentUnit();
  if (unit?.kind === 'changing') unit.unwritten.push(token);
  else await inUnit(deps, (db) => insertTokens(db, [token]));
}

async function writeTokens(unit: Unit, db: Sql): Promise<void> {
  if (unit.unwritten.length > 0) await insertTokens(db, unit.unwritten.splice(0));
}

/**
 * Runs a statement that needs no transaction and begins none: what comes next may be a call over the network, which
 * must not hold a connection. Where a transaction is open already it is used, for nobody waits for a second
 * connection while he holds a first.
 */
export async function besideUnit<T>(deps: Pick<Deps, 'db'>, work: (db: Sql) => Promise<T>): Promise<T> {
  return currentUnit()?.transaction === undefined ? work(deps.db) : inUnit(deps, work);
}

/** A protocol refusal carries its HTTP status; anything else is a fault. */
function isFault(error: unknown): boolean {
  return typeof (error as { statusCode?: unknown } | null)?.statusCode !== 'number';
}

/**
 * Runs a request as one unit. Refusals of the protocol are answers like any other and are committed (a code that
 * was presented twice has revoked its grant); a fault, or an answer of 500 and above, is undone.
 * @param ctx Koa's context, as the library is given it
 * @param failed whether the answer that was made is a failure
 * @returns whether it was committed
 */
export async function asUnit(
  deps: Pick<Deps, 'db'>,
  ctx: object,
  start: Pick<Unit, 'kind' | 'path' | 'clientId'>,
  work: (unit: Unit) => Promise<void>,
  failed: () => boolean = () => false,
): Promise<boolean> {
  const unit: Unit = {
    ...start,
    persons: new Map(),
    grants: new Map(),
    sessions: new Map(),
    bindings: new Map(),
    revoked: new Set(),
    aliases: new Map(),
    unwritten: [],
    notices: [],
  };
  try {
    (ctx as Holder)[UNIT] = unit;
    await work(unit);
    if (unit.failure !== undefined) throw unit.failure;
    if (failed()) {
      await undo(unit);
      return false;
    }
    await commit(deps, unit);
  } catch (error) {
    await undo(unit);
    throw error;
  }
  return true;
}

async function commit(deps: Pick<Deps, 'db'>, unit: Unit): Promise<void> {
  if (unit.unwritten.length > 0) unit.transaction ??= beginTransaction(deps.db);
  const transaction = await unit.transaction;
  if (!transaction) return;
  await writeTokens(unit, transaction);
  await transaction.commit();
}

async function undo(unit: Unit): Promise<void> {
  const transaction = await unit.transaction?.catch(() => undefined);
  await transaction?.rollback();
}
