import { groupBy } from '../db/rows.ts';
import type { Database, Deps } from '../deps.ts';
import { anchorOf, beginSeal, type Chain, chainMac, isErased, lineMac, monthOf } from './chain.ts';
import {
  findChains,
  findOrphans,
  findSealedLines,
  findSeals,
  hasSeal,
  type KeptChain,
  type Seal,
  type SealedLine,
  unsealedLines,
} from './chain-store.ts';
import { keptFrom } from './forget-months.ts';

/** Seals looked at together. */
const AT_ONCE = 50;
/** Faults told. */
const MOST = 100;

export type Verified = {
  ok: boolean;
  months: { month: string; seals: number; lines: number }[];
  /** Written a moment ago, or since the last server stopped. */
  unsealed: { count: number; oldest: Date | null };
  /** One sentence each. */
  faults: string[];
};

/**
 * Recomputes the chain of every month that is to be kept: a line that was changed, added or taken away after it was
 * sealed, a seal or the end of a month that is missing, a month between two others (N03). What an erasure took from the
 * lines of an erased account is no fault.
 */
export async function verifyAudit(deps: Pick<Deps, 'jobsDb' | 'config' | 'clock'>): Promise<Verified> {
  const { jobsDb: db, config, clock } = deps;
  const from = keptFrom(config, clock.now());
  const faults: string[] = [];
  const say = (fault: string) => void (faults.length < MOST && faults.push(fault));
  const chains = (await findChains(db)).filter(({ month }) => month >= monthOf(from));
  const months: Verified['months'] = [];
  let before: KeptChain | null = null;
  for (const chain of chains) {
    const hashes = await verifyMonth(db, config.SUBJECT_SALT, chain, say);
    if (before !== null && !(await follows(db, before, chain)))
      say(`${chain.month}: it does not follow ${before.month}; a month between them, or its end, is missing`);
    months.push({ month: chain.month, seals: hashes, lines: Number(chain.lines) });
    before = chain;
  }
  for (const { id, at } of await findOrphans(db, MOST))
    if (at >= from) say(`line ${id}: its seal is missing`);
  return { ok: faults.length === 0, months, unsealed: await unsealedLines(db), faults };
}

/** The older month may have grown since: its last lines may be sealed when the new one has begun, or even be its first. */
async function follows(db: Database, before: KeptChain, { beforeHead }: KeptChain): Promise<boolean> {
  if (beforeHead === before.beforeHead) return true;
  return beforeHead !== null && (await hasSeal(db, before.month, beforeHead));
}

async function verifyMonth(
  db: Database,
  salt: string,
  chain: KeptChain,
  say: (fault: string) => void,
): Promise<number> {
  const { month } = chain;
  let head = anchorOf(salt, month, chain.beforeHead);
  let number = 0;
  let lines = 0;
  for (;;) {
    const seals = await findSeals(db, { month, after: number, limit: AT_ONCE });
    if (seals.length === 0) break;
    const rows = groupBy(
      await findSealedLines(
        db,
        seals.map(({ id }) => id),
      ),
      ({ sealId }) => sealId,
    );
    for (const seal of seals) {
      number += 1;
      if (seal.number !== number) say(`${month}: seals ${number} to ${seal.number - 1} are missing`);
      number = seal.number;
      lines += seal.lines;
      verifySeal(salt, head, seal, rows.get(seal.id) ?? [], say);
      head = seal.hash;
    }
  }
  const found: Chain = { month, beforeHead: chain.beforeHead, seals: number, lines, head };
  if (chainMac(salt, found) !== chain.mac) say(`${month}: its end is not the one that was sealed last`);
  return number;
}

function verifySeal(
  salt: string,
  before: string,
  { month, number, lines, hash }: Seal,
  rows: readonly SealedLine[],
  say: (fault: string) => void,
): void {
  const seal = beginSeal(salt, before);
  let told = false;
  const fault = (text: string) => {
    told = true;
    say(`${month}, seal ${number}: ${text}`);
  };
  for (const row of rows) {
    const mac = row.mac ?? '';
    seal.add(row, mac);
    if (monthOf(row.at) !== month) fault(`line ${row.id} is of another month`);
    else if (mac !== lineMac(salt, row) && !(isErased(row) && row.accountErased === 1))
      fault(`line ${row.id} was changed`);
  }
  if (rows.length !== lines) fault(`${lines} lines were sealed, ${rows.length} are there`);
  // Also when a line and its own value were changed together.
  if (!told && seal.end() !== hash) fault('its lines are not those that were sealed');
}
