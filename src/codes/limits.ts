import { tokenHash } from '../crypto/digests.ts';
import { networkOf } from '../db/counters.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { lockRequestTimes, saveRequestTimes } from './one-time-store.ts';
import { personalKey } from './throttle.ts';

/** At most so many within so long, wherever one lays the beginning. */
export type Rule = { most: number; withinMs: number };

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** More accounts behind one number than any family has; the rest is not limited by itself. */
const MOST_ACCOUNTS = 20;

type Settings = Pick<
  Deps['config'],
  | 'CODE_PAUSE_SECONDS'
  | 'CODES_PER_NUMBER_15_MINUTES'
  | 'CODES_PER_NUMBER_DAY'
  | 'CODES_PER_ADDRESS_5_MINUTES'
  | 'CODES_PER_ACCOUNT_DAY'
>;

const numberRules = (config: Settings): Rule[] => [
  { most: 1, withinMs: config.CODE_PAUSE_SECONDS * SECOND_MS },
  { most: config.CODES_PER_NUMBER_15_MINUTES, withinMs: 15 * MINUTE_MS },
  { most: config.CODES_PER_NUMBER_DAY, withinMs: DAY_MS },
];

/**
 * When the next one is allowed, in milliseconds since 1970; 0: always was.
 * @param times the earlier ones, the oldest first
 */
export function nextAllowed(times: readonly number[], rules: readonly Rule[]): number {
  const ends = rules.map(({ most, withinMs }) => {
    const first = times[times.length - most];
    return first === undefined ? 0 : first + withinMs;
  });
  return Math.max(0, ...ends);
}

const FRENCH = /^\+(?:33|262|508|59[046]|68[179])(?=\d{6})/;

/**
 * A short number is one in several territories, and is sent to where somebody has it: counted without its territory,
 * so that the limit does not tell which one that is (E03).
 */
const countedAs = (mobile: string): string => mobile.replace(FRENCH, '');

export type Turn =
  | {
      ok: true;
      /** False: these accounts had theirs today. The visitor is not told, he would learn whose number it is. */
      accountsAllow: boolean;
      resendAt: Date;
    }
  | { ok: false; reason: 'too-soon' | 'too-many'; retryAt: Date };

/**
 * Counts a request for a code against the number, the network of the visitor and the accounts, all or none, under
 * row locks: exact among any number of processes (security.md, decision 10, D03). The number counts whether anybody
 * has it or not, so that the answers are the same (E03). Three statements, always.
 */
export async function takeTurn(
  deps: Pick<Deps, 'db' | 'config'>,
  request: { mobile: string; ip: string; accountIds: readonly number[] },
  now: Date,
): Promise<Turn> {
  const { config } = deps;
  const number = {
    key: personalKey(config, 'code-number', countedAs(request.mobile)),
    rules: numberRules(config),
  };
  const network = {
    key: personalKey(config, 'code-network', networkOf(request.ip)),
    rules: [{ most: config.CODES_PER_ADDRESS_5_MINUTES, withinMs: 5 * MINUTE_MS }],
  };
  const accounts = request.accountIds.slice(0, MOST_ACCOUNTS).map((id) => ({
    key: tokenHash(`code-account|${id}`),
    rules: [{ most: config.CODES_PER_ACCOUNT_DAY, withinMs: DAY_MS }],
  }));
  const at = now.getTime();
  return inTransaction(deps.db, async (trx): Promise<Turn> => {
    const all = [number, network, ...accounts];
    const known = await lockRequestTimes(
      trx,
      all.map(({ key }) => key),
      now,
    );
    const timesOf = (key: string) => known.get(key) ?? [];
    const next = (one: { key: string; rules: Rule[] }) => nextAllowed(timesOf(one.key), one.rules);
    const retryAt = Math.max(next(number), next(network));
    if (retryAt > at) {
      const pause = nextAllowed(timesOf(number.key), number.rules.slice(0, 1));
      const reason = pause === retryAt ? 'too-soon' : 'too-many';
      return { ok: false, reason, retryAt: new Date(retryAt) };
    }
    const accountsAllow = accounts.every((account) => next(account) <= at);
    const counted = [number, network, ...(accountsAllow ? accounts : [])].map(({ key, rules }) => {
      const kept = Math.max(...rules.map((rule) => rule.most));
      const times = [...timesOf(key), at].sort((a, b) => a - b).slice(-kept);
      return { key, times, expiresAt: new Date(at + Math.max(...rules.map((rule) => rule.withinMs))) };
    });
    await saveRequestTimes(trx, counted);
    const resendAt = nextAllowed(counted[0]?.times ?? [], number.rules);
    return { ok: true, accountsAllow, resendAt: new Date(resendAt) };
  });
}
