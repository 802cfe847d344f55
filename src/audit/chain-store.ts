import type { Knex } from 'knex';
import type { Database, Transaction } from '../deps.ts';
import type { Chain, ChainLine } from './chain.ts';

const LINE = {
  id: 'id',
  at: 'at',
  event: 'event',
  outcome: 'outcome',
  actorKind: 'actor_kind',
  actor: 'actor',
  accountId: 'account_id',
  schoolId: 'school_id',
  ip: 'ip',
  requestId: 'request_id',
  details: 'details',
} as const;

/** Lines that no seal has, the first first; those that another process is sealing, or that are not committed, stay out. */
export async function lockUnsealed(trx: Transaction, limit: number): Promise<ChainLine[]> {
  const columns = Object.entries(LINE).map(([name, column]) => `${column} AS ${name}`);
  const [rows] = (await trx.raw(
    `SELECT ${columns.join(', ')} FROM audit_events FORCE INDEX (audit_events_seal)
     WHERE seal_id IS NULL ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED`,
    [limit],
  )) as [ChainLine[]];
  return rows;
}

export type KeptChain = Chain & { mac: string };

const CHAIN = {
  month: 'month',
  beforeHead: 'before_head',
  seals: 'seals',
  lines: 'line_count',
  head: 'head',
  mac: 'mac',
} as const;
const asRow = ({ month, beforeHead, seals, lines, head, mac }: KeptChain) => ({
  month,
  before_head: beforeHead,
  seals,
  line_count: lines,
  head,
  mac,
});

const TURN = 'turn';

/** One process seals at a time. @returns false when another is at it */
export async function takeTurn(trx: Transaction): Promise<boolean> {
  const row = await trx('audit_chains').where({ month: TURN }).forUpdate().skipLocked().first('month');
  return row !== undefined;
}

export async function insertChain(trx: Transaction, chain: KeptChain): Promise<void> {
  await trx('audit_chains').insert(asRow(chain));
}

export async function updateChain(trx: Transaction, chain: KeptChain): Promise<void> {
  await trx('audit_chains').where({ month: chain.month }).update(asRow(chain));
}

export async function findChains(db: Database): Promise<KeptChain[]> {
  return db('audit_chains').whereNot('month', TURN).orderBy('month').select(CHAIN);
}

export async function latestHeadBefore(db: Database, month: string): Promise<string | null> {
  const row = await db('audit_chains').where('month', '<', month).orderBy('month', 'desc').first('head');
  return row?.head ?? null;
}

export type Seal = { id: number; month: string; number: number; lines: number; hash: string };

/** @returns its id */
export async function insertSeal(trx: Transaction, seal: Omit<Seal, 'id'>, now: Date): Promise<number> {
  const { month, number, lines, hash } = seal;
  const [id] = await trx('audit_seals').insert({ month, number, line_count: lines, hash, sealed_at: now });
  return id as number;
}

/** One statement however many lines; their ids and values travel as JSON, which both servers read as a table. */
export async function sealLines(
  trx: Transaction,
  sealId: number,
  lines: readonly { id: number; mac: string }[],
): Promise<void> {
  await trx.raw(
    `UPDATE audit_events e JOIN JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$[0]', mac VARCHAR(43) PATH '$[1]')) t
       ON t.id = e.id
     SET e.seal_id = ?, e.line_mac = t.mac`,
    [JSON.stringify(lines.map(({ id, mac }) => [id, mac])), sealId],
  );
}

export async function hasSeal(db: Database, month: string, hash: string): Promise<boolean> {
  return (await db('audit_seals').where({ month, hash }).first('id')) !== undefined;
}

/** The seals of a month after this number, in their order. */
export async function findSeals(
  db: Database,
  { month, after, limit }: { month: string; after: number; limit: number },
): Promise<Seal[]> {
  return db('audit_seals')
    .where({ month })
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .select({ id: 'id', month: 'month', number: 'number', lines: 'line_count', hash: 'hash' });
}

export type SealedLine = ChainLine & { sealId: number; mac: string | null; accountErased: 0 | 1 };

/** The lines of these seals, by seal and id. */
export async function findSealedLines(db: Database, sealIds: readonly number[]): Promise<SealedLine[]> {
  const columns = Object.fromEntries(Object.entries(LINE).map(([name, column]) => [name, `e.${column}`]));
  return db('audit_events as e')
    .leftJoin('accounts as a', 'a.id', 'e.account_id')
    .whereIn('e.seal_id', sealIds)
    .orderBy([{ column: 'e.seal_id' }, { column: 'e.id' }])
    .select({ ...columns, sealId: 'e.seal_id', mac: 'e.line_mac' })
    .select(db.raw('a.erased_at IS NOT NULL AS accountErased')) as unknown as Promise<SealedLine[]>;
}

/** Lines that name a seal that is not there. */
export async function findOrphans(db: Database, limit: number): Promise<{ id: number; at: Date }[]> {
  return db('audit_events as e')
    .leftJoin('audit_seals as s', 's.id', 'e.seal_id')
    .whereNotNull('e.seal_id')
    .whereNull('s.id')
    .orderBy('e.id')
    .limit(limit)
    .select({ id: 'e.id', at: 'e.at' });
}

/** How many wait for their seal, up to a bound, and since when. */
export async function unsealedLines(db: Database): Promise<{ count: number; oldest: Date | null }> {
  const some = db('audit_events').whereNull('seal_id').orderBy('id').limit(10_000).select('id', 'at').as('u');
  const row = await db.from(some).count({ count: '*' }).min({ oldest: 'at' }).first();
  return { count: Number(row?.count ?? 0), oldest: (row?.oldest as Date | null | undefined) ?? null };
}

/** The names by which the log knows schools. */
export async function findUais(db: Database, ids: readonly number[]): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map();
  const rows: { id: number; uai: string }[] = await db('schools').whereIn('id', ids).select('id', 'uai');
  return new Map(rows.map(({ id, uai }) => [id, uai]));
}

/** @returns how many lines older than this went; few at a time, so that nobody waits for it */
export async function deleteLinesBefore(db: Knex, before: Date, limit: number): Promise<number> {
  return db('audit_events').where('at', '<', before).orderBy('at').limit(limit).delete();
}

export async function deleteChainsBefore(trx: Transaction, month: string): Promise<number> {
  await trx('audit_seals').where('month', '<', month).delete();
  return trx('audit_chains').where('month', '<', month).delete();
}
