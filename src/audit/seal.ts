import { keyedDigest } from '../crypto/digests.ts';
import { groupBy } from '../db/rows.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { anchorOf, beginSeal, type ChainLine, chainMac, lineMac, monthOf } from './chain.ts';
import {
  findChains,
  findUais,
  insertChain,
  insertSeal,
  type KeptChain,
  latestHeadBefore,
  lockUnsealed,
  sealLines,
  takeTurn,
  updateChain,
} from './chain-store.ts';
import { roughNetwork } from './history.ts';

/** Lines a transaction. */
const AT_ONCE = 1000;

type Needs = Pick<Deps, 'jobsDb' | 'clock' | 'config' | 'log'>;

/**
 * Seals all lines that have none, in the chain of their month, and tells each once to the log (N01, decision 11): from
 * here and not where it was written, so that no line is told of what was rolled back, commands are told too, and a log
 * that is away costs no request anything. Of several processes one does it at a time.
 * @returns how many lines
 */
export async function sealAudit(deps: Needs, signal?: AbortSignal): Promise<number> {
  let sealed = 0;
  for (;;) {
    const lines = await sealSome(deps);
    sealed += lines.length;
    await tell(deps, lines);
    if (lines.length < AT_ONCE || signal?.aborted) return sealed;
  }
}

async function sealSome({ jobsDb, ...deps }: Needs): Promise<ChainLine[]> {
  return inTransaction(jobsDb, async (trx) => {
    if (!(await takeTurn(trx))) return [];
    const lines = await lockUnsealed(trx, AT_ONCE);
    const months = groupBy(lines, ({ at }) => monthOf(at));
    const known = new Map((await findChains(trx)).map((chain) => [chain.month, chain]));
    for (const [month, own] of [...months].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const chain = known.get(month) ?? (await begin(deps, trx, month));
      await append(deps, trx, chain, own);
    }
    return lines;
  });
}

async function begin({ config }: Pick<Needs, 'config'>, trx: Transaction, month: string): Promise<KeptChain> {
  const beforeHead = await latestHeadBefore(trx, month);
  const head = anchorOf(config.SUBJECT_SALT, month, beforeHead);
  const chain = { month, beforeHead, seals: 0, lines: 0, head };
  const kept = { ...chain, mac: chainMac(config.SUBJECT_SALT, chain) };
  await insertChain(trx, kept);
  return kept;
}

async function append(
  { config, clock }: Pick<Needs, 'config' | 'clock'>,
  trx: Transaction,
  { month, beforeHead, seals, lines, head }: KeptChain,
  own: readonly ChainLine[],
): Promise<void> {
  const salt = config.SUBJECT_SALT;
  const seal = beginSeal(salt, head);
  const macs = own.map((line) => {
    const mac = lineMac(salt, line);
    seal.add(line, mac);
    return { id: line.id, mac };
  });
  const hash = seal.end();
  const number = seals + 1;
  const sealId = await insertSeal(trx, { month, number, lines: own.length, hash }, clock.now());
  await sealLines(trx, sealId, macs);
  const next = { month, beforeHead, seals: number, lines: Number(lines) + own.length, head: hash };
  await updateChain(trx, { ...next, mac: chainMac(salt, next) });
}

/** Nothing personal: the staff by a name that only this log has for them, an address by its first half. */
async function tell({ jobsDb, log, config }: Needs, lines: readonly ChainLine[]): Promise<void> {
  const schools = [...new Set(lines.flatMap(({ schoolId }) => schoolId ?? []))];
  const uais = await findUais(jobsDb, schools);
  const audit = log.child({}, { redact: [], serializers: {} });
  for (const line of lines) {
    const { id, at, event, outcome, actorKind, actor, accountId, schoolId, requestId, details } = line;
    const who =
      actorKind === 'school' && actor !== null
        ? `staff#${keyedDigest(config.SUBJECT_SALT, 'audit-actor', actor).slice(0, 12)}`
        : actor;
    audit.info(
      {
        audit: id,
        at: at.toISOString(),
        event,
        outcome,
        by: actorKind,
        actor: who,
        account: accountId,
        school: schoolId === null ? null : (uais.get(schoolId) ?? null),
        network: roughNetwork(line.ip),
        requestId,
        details,
      },
      'audit',
    );
  }
}
