import { queueLogouts } from '../accounts/logouts-store.ts';
import { lockAccounts, updateProvisionals } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { endWaysIn } from '../accounts/ways-in-store.ts';
import { recordAudit } from '../audit/record.ts';
import { generateProvisional, provisionalExpiresAt, sealProvisional } from '../credentials/provisional.ts';
import { tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { queueAccountNotice } from './account-notice.ts';
import { withdrawCredentialMails } from './batch-mail-store.ts';
import {
  countRenewals,
  findGuardiansOf,
  findOwnChildren,
  keepRenewal,
  type OwnChild,
  wasFormUsed,
} from './child-password-store.ts';

/** All guardians of a child together: more is the sign of something else than forgetting. */
export const RENEWALS_A_DAY = 3;
const DAY_MS = 24 * 3_600_000;

export type ChildPasswordRefusal =
  /** None of this guardian's children, or one of the first degree, who has no account. */
  | 'unknown'
  /** The school has not given him his first codes, or he has no account yet. */
  | 'first-codes'
  /** Blocked: the school opens it again. */
  | 'frozen'
  | 'too-many'
  /** This form has made its password, which was shown. */
  | 'shown';

/** Whether a guardian may renew a child's password, as far as the child's account tells. */
export function mayRenew(child: OwnChild): 'yes' | Exclude<ChildPasswordRefusal, 'too-many' | 'shown'> {
  if (child.degree !== 2) return 'unknown';
  if (child.account === null || child.account.state === 'not_notified') return 'first-codes';
  return child.account.frozen ? 'frozen' : 'yes';
}

export type NewChildPassword = { identifier: string; password: string; validUntil: Date };

/**
 * « Mot de passe oublié » of a child (R-173, issue 6): his guardian gets a new provisional password for him, which this
 * answer alone tells. The old one is dead at once, with the child's sessions and what was under way; his state stays.
 * The child and his guardians are told; both accounts have a line in the trail, the child's with his school. The rows of
 * both accounts are locked, in the order of their ids, before anything is read: a guardian who has just been regrouped
 * or who has just reported the child has no child here any more.
 * @param request `formKey`: of the page on which it was asked for; one makes one password
 */
export async function renewChildPassword(
  deps: Pick<Deps, 'db' | 'clock' | 'random' | 'config' | 'sealer' | 'render' | 'sms'>,
  request: {
    guardian: Account;
    pupilId: number;
    formKey: string;
    ip: string;
    requestId?: string | undefined;
  },
): Promise<({ ok: true } & NewChildPassword) | { ok: false; reason: ChildPasswordRefusal }> {
  const { guardian, pupilId, ip, requestId } = request;
  const formKey = tokenHash(request.formKey);
  const [before] = await findOwnChildren(deps.db, guardian.id, pupilId);
  if (!before) return { ok: false, reason: 'unknown' };
  const allowed = mayRenew(before);
  if (allowed !== 'yes') return { ok: false, reason: allowed };
  const childAccountId = before.account?.id ?? 0;
  return inTransaction(deps.db, async (trx) => {
    const locked = await lockAccounts(trx, [guardian.id, childAccountId]);
    const holder = locked.find(({ id }) => id === guardian.id);
    const account = locked.find(({ id }) => id === childAccountId);
    const [child] = await findOwnChildren(trx, guardian.id, pupilId);
    if (!account || child?.account?.id !== account.id || !isOpen(holder, guardian))
      return { ok: false, reason: 'unknown' };
    const stillAllowed = mayRenew(child);
    if (stillAllowed !== 'yes') return { ok: false, reason: stillAllowed };
    if (await wasFormUsed(trx, formKey)) return { ok: false, reason: 'shown' };
    const now = deps.clock.now();
    const since = new Date(now.getTime() - DAY_MS);
    if ((await countRenewals(trx, account.id, since)) >= RENEWALS_A_DAY)
      return { ok: false, reason: 'too-many' };
    const password = generateProvisional(deps);
    await replace(deps, trx, account, password);
    await keepRenewal(trx, { formKey, accountId: account.id, guardianAccountId: guardian.id, now });
    const line = { at: now, outcome: 'done', actorKind: 'person', ip, requestId } as const;
    await recordAudit(
      trx,
      { ...line, event: 'child-password', accountId: guardian.id, details: `pupil ${pupilId}` },
      {
        ...line,
        event: 'password-by-guardian',
        accountId: account.id,
        schoolId: child.schoolId,
        details: `by account ${guardian.id}`,
      },
    );
    await tell(deps, trx, { account, pupilId });
    return { ok: true, identifier: account.identifier, password, validUntil: validUntil(deps, account) };
  });
}

function isOpen(holder: Account | undefined, session: Account): boolean {
  return (
    holder !== undefined &&
    holder.closedAt === null &&
    holder.frozenAt === null &&
    holder.credentialsVersion === session.credentialsVersion
  );
}

async function replace(
  deps: Pick<Deps, 'clock' | 'sealer'>,
  trx: Transaction,
  account: Account,
  password: string,
): Promise<void> {
  const now = deps.clock.now();
  const sealed = sealProvisional(deps, account.publicId, password);
  await queueLogouts(trx, [account], now);
  await updateProvisionals(trx, [{ id: account.id, sealed }], { state: account.state }, now);
  await withdrawCredentialMails(trx, [account.id]);
  await endWaysIn(trx, [account.id], now);
}

function validUntil(deps: Pick<Deps, 'clock' | 'config'>, { distributedAt }: Account): Date {
  const now = deps.clock.now();
  const renewed = { passwordKind: 'provisional', distributedAt, provisionalCreatedAt: now } as const;
  return provisionalExpiresAt(deps.config, renewed) ?? now;
}

/** The child at the address that he has verified; all his guardians, the one who did it too. */
async function tell(
  deps: Parameters<typeof queueAccountNotice>[0],
  trx: Transaction,
  { account, pupilId }: { account: Account; pupilId: number },
): Promise<void> {
  const now = deps.clock.now();
  const told = [account, ...(await findGuardiansOf(trx, pupilId))];
  for (const holder of told)
    await queueAccountNotice(deps, trx, { account: holder, kind: 'child-password', now });
}
