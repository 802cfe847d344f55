import { type Actor, recordAudit } from '../audit/record.ts';
import type { Transaction } from '../deps.ts';
import { updateAccount } from './store.ts';
import type { Account, AccountChanges, AccountKind, AccountOrigin, AccountState } from './types.ts';

/** What happens to an account (sections G, H, L, O of the requirements). */
export type LifecycleEvent =
  /** The school distributes the credentials, by sheet or mail. */
  | 'notify'
  /** Password changed, address given, birth date right. */
  | 'first-login'
  /** The button behind the link of mail C07. */
  | 'activate-by-link'
  /** Self-registration by SMS (R-053, X16). */
  | 'activate-by-sms'
  /** First connection by FranceConnect (R-041, R-042, X16). */
  | 'activate-by-franceconnect'
  /** A new provisional password without notification. */
  | 'reset';

type Next = { state: AccountState; origin: AccountOrigin | 'same' };
type Row = Record<AccountState, Next | null>;

const stay = (state: AccountState): Next => ({ state, origin: 'same' });
const activated = (origin: AccountOrigin | 'same'): Next => ({ state: 'activated', origin });

/**
 * The account's life, read as (event, state) -> (state, origin); null: not allowed.
 * An account that was ever activated keeps its origin; notification and reset never move a state
 * that is past « Non notifié »; « Non notifié » cannot be reset.
 */
const GUARDIAN: Record<LifecycleEvent, Row> = {
  notify: {
    not_notified: { state: 'notified', origin: 'school' },
    notified: stay('notified'),
    activating: stay('activating'),
    activated: stay('activated'),
  },
  'first-login': {
    not_notified: null,
    notified: stay('activating'),
    activating: null,
    activated: null,
  },
  'activate-by-link': {
    not_notified: null,
    notified: null,
    activating: activated('same'),
    activated: null,
  },
  'activate-by-sms': {
    not_notified: activated('guardian'),
    notified: activated('guardian'),
    activating: activated('guardian'),
    activated: activated('same'),
  },
  'activate-by-franceconnect': {
    not_notified: activated('franceconnect'),
    notified: activated('franceconnect'),
    activating: activated('franceconnect'),
    activated: activated('same'),
  },
  reset: {
    not_notified: null,
    notified: stay('notified'),
    activating: stay('activating'),
    activated: stay('activated'),
  },
};

const NEVER: Row = { not_notified: null, notified: null, activating: null, activated: null };

/** Pupils have credentials from the school only, and are activated without a mail. */
const PUPIL: Record<LifecycleEvent, Row> = {
  ...GUARDIAN,
  'first-login': { ...NEVER, notified: activated('same') },
  'activate-by-link': NEVER,
  'activate-by-sms': NEVER,
  'activate-by-franceconnect': NEVER,
};

/** Events after which sessions, grants and connections under way are dead (decision 4, R-142). */
const ENDS_SESSIONS: ReadonlySet<LifecycleEvent> = new Set<LifecycleEvent>([
  'first-login',
  'activate-by-sms',
  'activate-by-franceconnect',
  'reset',
]);

export type Transition =
  | { ok: true; state: AccountState; origin: AccountOrigin; endsSessions: boolean }
  | { ok: false; reason: 'not-allowed' };

/** Pure: where `event` leads from here. */
export function transition(
  account: { kind: AccountKind; state: AccountState; origin: AccountOrigin },
  event: LifecycleEvent,
): Transition {
  const table = account.kind === 'pupil' ? PUPIL : GUARDIAN;
  const next = table[event][account.state];
  if (!next) return { ok: false, reason: 'not-allowed' };
  return {
    ok: true,
    state: next.state,
    origin: next.origin === 'same' ? account.origin : next.origin,
    endsSessions: ENDS_SESSIONS.has(event),
  };
}

/**
 * Moves one account, in the caller's transaction and with its audit line; the caller holds the row's lock.
 * @param changes columns that change with the state (password, address, dates)
 */
export async function applyEvent(
  trx: Transaction,
  account: Account,
  event: LifecycleEvent,
  { now, actor, changes = {} }: { now: Date; actor: Actor; changes?: AccountChanges },
): Promise<{ ok: true; account: Account } | { ok: false; reason: 'not-allowed' }> {
  const next = transition(account, event);
  if (!next.ok) return next;
  const becomesActivated = next.state === 'activated' && account.state !== 'activated';
  const moved = {
    ...changes,
    state: next.state,
    origin: next.origin,
    ...(becomesActivated ? { activatedAt: now } : {}),
  };
  await updateAccount(trx, account.id, moved, now, next.endsSessions);
  const details = `${account.state} > ${next.state}`;
  await recordAudit(trx, { ...actor, at: now, event, outcome: 'done', accountId: account.id, details });
  const credentialsVersion = account.credentialsVersion + (next.endsSessions ? 1 : 0);
  return { ok: true, account: { ...account, ...moved, credentialsVersion } };
}
