import { transition } from '../accounts/lifecycle.ts';
import type { Account } from '../accounts/types.ts';
import { generateProvisional, isProvisionalOver, sealProvisional } from '../credentials/provisional.ts';
import type { Deps } from '../deps.ts';
import { type Channel, type CredentialMessage, chooseMessage } from './choice.ts';
import { isOneAddress } from './outbox.ts';

/**
 * What a distribution does to one account. `frozen`: its holder had it blocked, so that a letter alone would not let
 * him in; `kept`: nothing was asked that may be done.
 */
export type Outcome = 'distributed' | 'reset' | 'no-address' | 'bad-address' | 'frozen' | 'kept';

/** What became of a reset that was asked for (R-113, R-114, R-142, X14). */
export type ResetOutcome = 'done' | 'not-notified' | 'no-password';

export type Plan = {
  before: Account;
  after: Account;
  outcome: Outcome;
  /** Null: none was asked for. */
  reset: ResetOutcome | null;
  /** A new provisional password was drawn. */
  renewed: boolean;
  message: CredentialMessage | null;
};

type Needs = Pick<Deps, 'random' | 'config' | 'sealer'>;

export type Facts = {
  now: Date;
  /** Where a mail would reach the account's holder. */
  address: string | null;
  /** FranceConnect is linked to it. */
  linked: boolean;
};

/** Notifies one account; pure but for the password drawn (R-071, R-072, R-112 to, X3, X14). */
export function planNotice(
  deps: Needs,
  before: Account,
  { channel, withReset }: { channel: Channel; withReset: boolean },
  facts: Facts,
): Plan {
  const untouched = { before, after: before, reset: null, renewed: false, message: null };
  if (channel === 'email' && facts.address === null) return { ...untouched, outcome: 'no-address' };
  if (channel === 'email' && !isUsable(before, facts.address))
    return { ...untouched, outcome: 'bad-address' };
  const reset = withReset ? resetOutcome(before, facts) : null;
  const fresh = before.state === 'not_notified';
  if (before.frozenAt !== null && reset !== 'done' && !fresh) return { ...untouched, outcome: 'frozen' };
  const next = transition(before, 'notify');
  if (!next.ok) throw new Error(`no way to notify an account that is ${before.state}`);
  const expired = isProvisionalOver(deps.config, before, facts.now);
  const renewed = fresh || expired || reset === 'done';
  const moved: Account = { ...before, state: next.state, origin: next.origin, distributedAt: facts.now };
  const after = renewed ? renew(deps, moved, facts.now) : moved;
  const message = chooseMessage(before.state, after.passwordKind, channel);
  return { before, after, outcome: 'distributed', reset, renewed, message };
}

/** A new password and no letter. */
export function planReset(deps: Needs, before: Account, facts: Omit<Facts, 'address'>): Plan {
  const reset = resetOutcome(before, facts);
  const done = reset === 'done';
  return {
    before,
    after: done ? renew(deps, before, facts.now) : before,
    outcome: done ? 'reset' : 'kept',
    reset,
    renewed: done,
    message: null,
  };
}

/**
 * « Non notifié » has nothing to reset. Whoever only knows FranceConnect has no password (X14), unless that
 * way is closed to him: frozen, or not linked any more, the school's password is his way back in.
 */
export function resetOutcome(account: Account, { linked }: Pick<Facts, 'linked'>): ResetOutcome {
  if (!transition(account, 'reset').ok) return 'not-notified';
  const franceConnectOnly = account.passwordKind === 'none' && linked && account.frozenAt === null;
  return franceConnectOnly ? 'no-password' : 'done';
}

function renew(deps: Needs, account: Account, now: Date): Account {
  return {
    ...account,
    passwordKind: 'provisional',
    passwordHash: null,
    provisionalSealed: sealProvisional(deps, account.publicId, generateProvisional(deps)),
    provisionalCreatedAt: now,
    frozenAt: null,
    credentialsVersion: account.credentialsVersion + 1,
  };
}

/** Whether a mail can be sent there and mail servers do not refuse this very address. */
export function isUsable(account: Pick<Account, 'bouncedEmail'>, address: string | null): address is string {
  if (address === null || !isOneAddress(address)) return false;
  return account.bouncedEmail?.toLowerCase() !== address.toLowerCase();
}

/** There is an address, and no mail arrives there. */
export function isRefused(account: Pick<Account, 'bouncedEmail'>, address: string | null): boolean {
  return address !== null && !isUsable(account, address);
}
