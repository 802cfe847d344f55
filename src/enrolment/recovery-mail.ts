import { findAccountByIdentifier, lockAccounts } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { issueLink } from '../codes/links.ts';
import { personalKey, takeAttempt } from '../codes/throttle.ts';
import { normaliseIdentifier } from '../credentials/attempts.ts';
import { newToken, tokenHash } from '../crypto/digests.ts';
import { networkOf } from '../db/counters.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { queueMail } from '../messages/outbox.ts';
import { readEmail } from './address.ts';
import { findRecoverableByEmail } from './recovery-store.ts';

/** As the trail names them. */
export const FORGOTTEN_EVENTS = {
  identifier: 'forgotten-identifier',
  password: 'forgotten-password',
} as const;

type From = { ip: string; requestId?: string | undefined };

/** `too-many` is said of what was typed, whether anybody has it or not (E03); `network`: of the visitor's address. */
export type MailRecovery = { ok: true } | { ok: false; reason: 'invalid' | 'too-many' | 'network' };

/** Mails that one address, one account and one typed text can ask for (security.md 1.4). */
const MAILS = 5;
const WINDOW_MS = 900_000;
const NETWORK_WINDOW_MS = 300_000;
/** Identifiers in one mail. */
const IDENTIFIERS = 5;

/**
 * « Identifiant oublié » by mail: one mail with the identifiers of the activated accounts that have
 * this verified address. Nobody has it: the same answer, the same counters, and nothing leaves (decision 5).
 */
export async function mailIdentifiers(deps: Deps, typed: string, from: From): Promise<MailRecovery> {
  const email = readEmail(typed);
  if (email === null) return { ok: false, reason: 'invalid' };
  const refused = await refusal(deps, email, from);
  if (refused) return { ok: false, reason: refused };
  const same = email.toLowerCase();
  const accounts = (await findRecoverableByEmail(deps.db, email)).filter(
    (account) => account.email?.toLowerCase() === same,
  );
  const [first] = accounts;
  await inTransaction(deps.db, async (trx) => {
    await recordRequest(deps, trx, 'identifier', accounts, from);
    if (!first?.email) return;
    const identifiers = accounts.slice(0, IDENTIFIERS).map(({ identifier }) => identifier);
    await queueMail(trx, deps, {
      template: 'forgotten-identifier',
      // As it was verified, not as it was typed just now.
      to: first.email,
      data: { identifiers },
      uniqueKey: `identifiers:${newToken(deps.random)}`,
      language: first.language,
    });
  });
  return { ok: true };
}

/** Whether an account can get a new password by itself: with FranceConnect alone there is none to replace. */
export function hasPasswordToRecover(account: Account): boolean {
  return (
    account.kind === 'guardian' &&
    account.state === 'activated' &&
    account.passwordKind !== 'none' &&
    account.closedAt === null &&
    account.frozenAt === null
  );
}

/**
 * « Mot de passe oublié » by mail: a link of half an hour to the verified address. Anybody else: the same answer and
 * the same counters, and nothing leaves.
 */
export async function mailPasswordLink(
  deps: Deps,
  request: { identifier: string; interactionUid: string; clientId: string | null } & From,
): Promise<MailRecovery> {
  const identifier = normaliseIdentifier(request.identifier);
  const from = { ip: request.ip, requestId: request.requestId };
  const refused = await refusal(deps, identifier, from);
  if (refused) return { ok: false, reason: refused };
  const readable = /^[\x21-\x7e]{1,90}$/.test(identifier);
  const account = readable ? await findAccountByIdentifier(deps.db, identifier) : null;
  const reachable = account !== null && mayBeMailed(account) ? account : null;
  // Several accounts may share a mailbox; counted for nobody as well.
  const mailbox = reachable?.email?.toLowerCase() ?? `nobody|${identifier}`;
  const allowed = await mayMail(deps, 'recovery-mailbox', mailbox);
  await inTransaction(deps.db, async (trx) => {
    const id = allowed ? reachable?.id : undefined;
    const [now] = id === undefined ? [] : await lockAccounts(trx, [id]);
    const found = now && mayBeMailed(now) ? [now] : [];
    await recordRequest(deps, trx, 'password', found, from);
    for (const owner of found) await queuePasswordLink(deps, trx, owner, request);
  });
  return { ok: true };
}

const mayBeMailed = (account: Account): boolean =>
  hasPasswordToRecover(account) && account.email !== null && account.emailVerifiedAt !== null;

async function queuePasswordLink(
  deps: Deps,
  trx: Transaction,
  account: Account,
  { interactionUid, clientId }: { interactionUid: string; clientId: string | null },
): Promise<void> {
  const email = account.email ?? '';
  const link = await issueLink(deps, trx, {
    purpose: 'recover',
    accountId: account.id,
    email,
    credentialsVersion: account.credentialsVersion,
    interactionUid,
    clientId,
  });
  await queueMail(trx, deps, {
    template: 'password-recovery',
    to: email,
    data: {
      identifier: account.identifier,
      link: `${deps.config.BASE_URL}/mot-de-passe/${link.token}`,
      validUntil: link.expiresAt,
    },
    uniqueKey: `recover:${tokenHash(link.token)}`,
    language: account.language,
  });
}

/** Counted before anything is looked up. A school is one network address: its limit is the wide one (decision 10). */
async function refusal(deps: Deps, typed: string, { ip }: From): Promise<'network' | 'too-many' | null> {
  const network = await takeAttempt(deps.db, {
    key: personalKey(deps.config, 'recovery-address', networkOf(ip)),
    limit: deps.config.LOGIN_ATTEMPTS_PER_ADDRESS,
    windowMs: NETWORK_WINDOW_MS,
    now: deps.clock.now(),
  });
  if (!network.allowed) return 'network';
  return (await mayMail(deps, 'recovery-mail', typed.toLowerCase())) ? null : 'too-many';
}

async function mayMail(deps: Deps, purpose: string, whose: string): Promise<boolean> {
  const key = personalKey(deps.config, purpose, whose);
  const limit = { key, limit: MAILS, windowMs: WINDOW_MS, now: deps.clock.now() };
  return (await takeAttempt(deps.db, limit)).allowed;
}

/** A line in any case, so that what is written does not tell either. */
async function recordRequest(
  deps: Deps,
  trx: Transaction,
  what: 'identifier' | 'password',
  accounts: readonly Account[],
  from: From,
): Promise<void> {
  const line = {
    at: deps.clock.now(),
    event: FORGOTTEN_EVENTS[what],
    actorKind: 'person' as const,
    details: 'by mail',
    ...from,
  };
  if (accounts.length === 0) await recordAudit(trx, { ...line, outcome: 'refused' });
  else
    await recordAudit(
      trx,
      ...accounts
        .slice(0, IDENTIFIERS)
        .map(({ id }) => ({ ...line, outcome: 'done' as const, accountId: id })),
    );
}
