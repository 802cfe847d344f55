import type { Deps } from '../../deps.ts';
import type { Job, SealedColumn } from '../types.ts';

/** `warn`: the service works, and somebody should look at it. The sentence says what is wrong and what to do. */
export type Finding = { check: string; state: 'ok' | 'warn' | 'fail'; says: string };

type Reached = { ok: true; at: Date | null } | { ok: false; detail: string };

/** What the program hands over because this door does not know it. */
export type Outside = {
  reachSmtp(config: Deps['config'], ms: number): Promise<Reached>;
  reachTwilio(config: Deps['config'], ms: number): Promise<Reached>;
  reachIssuer(issuer: string, ms: number): Promise<Reached>;
  jobs: readonly Job[];
  sealed: readonly SealedColumn[];
};

export type Needs = Pick<Deps, 'config' | 'jobsDb' | 'clock' | 'sealer'>;
/** @returns nothing where there is nothing to look at */
export type Check = (deps: Needs, outside: Outside) => Promise<Finding[]> | Finding[];

export const says =
  (check: string) =>
  (state: Finding['state'], text: string): Finding => ({ check, state, says: text });
