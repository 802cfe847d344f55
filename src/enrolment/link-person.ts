import { applyEvent } from '../accounts/lifecycle.ts';
import { queueLogouts } from '../accounts/logouts-store.ts';
import { linkFranceConnect, regroup } from '../accounts/regroup.ts';
import { findLinkedAccountId } from '../accounts/regroup-store.ts';
import type { Account, AccountChanges } from '../accounts/types.ts';
import type { Actor } from '../audit/record.ts';
import { revokePendingLinks } from '../codes/links.ts';
import type { Deps, Transaction } from '../deps.ts';
import { type EnrolmentRow, endOtherEnrolments, updateEnrolment } from './enrolment-store.ts';
import { queueLinkNotices } from './link-notices.ts';
import type { Elsewhere } from './types.ts';

export type Proved = {
  uid: string;
  row: EnrolmentRow;
  /** Those of the records proved, each locked by the caller, the survivor among them. */
  accounts: Account[];
  survivor: Account;
  references: number[];
  actor: Actor;
  /** SMS only: the password just chosen. */
  passwordHash?: string;
};

/**
 * The end of both ways, in the caller's one transaction: the accounts proved together become one, linked to
 * FranceConnect or with the password chosen, « Activé »; whatever else was pending for them dies:
 * provisional passwords, links, sessions, other enrolments (decision 4). Their holder is told.
 */
export async function becomeOne(
  deps: Deps,
  trx: Transaction,
  { uid, row, accounts, survivor, references, actor, passwordHash }: Proved,
): Promise<{ ok: true } | Elsewhere> {
  const now = deps.clock.now();
  const ids = accounts.map(({ id }) => id);
  const others = accounts.filter(({ id }) => id !== survivor.id);
  const person =
    row.fcIssuer !== null && row.fcSub !== null ? { issuer: row.fcIssuer, sub: row.fcSub } : null;
  if (person !== null) {
    const linked = await findLinkedAccountId(trx, person);
    if (linked !== null && !ids.includes(linked)) return { ok: false, reason: 'elsewhere' };
  }
  await queueLogouts(trx, accounts, now);
  const one = await regroup(trx, { survivor, others }, { now, actor });
  if (person !== null) await linkFranceConnect(trx, one.id, person, now);
  const event = row.way === 'sms' ? 'activate-by-sms' : 'activate-by-franceconnect';
  const changes = {
    ...(passwordHash === undefined ? withoutProvisional(one) : personal(passwordHash, now)),
    // Typed on a way that nobody has finished, perhaps by somebody else.
    ...(one.emailVerifiedAt === null ? { email: null } : {}),
  };
  const moved = await applyEvent(trx, one, event, { now, actor, changes });
  if (!moved.ok) throw new Error(`a ${one.kind} account may not be activated on this way`);
  await revokePendingLinks(deps, trx, ids);
  await endOtherEnrolments(trx, uid, references, now);
  const { account } = moved;
  await updateEnrolment(
    trx,
    uid,
    {
      step: 'done',
      accountId: account.id,
      credentialsVersion: account.credentialsVersion,
      mobile: null,
      fcIdentitySealed: null,
      ...(row.childrenProvedAt === null ? { childrenProvedAt: now } : {}),
    },
    now,
  );
  const what = row.way === 'franceconnect' ? 'franceconnect' : others.length > 0 ? 'regroup' : 'sms';
  await queueLinkNotices(trx, deps, { account, what, merged: others });
  return { ok: true };
}

function withoutProvisional({ passwordKind }: Account): AccountChanges {
  if (passwordKind !== 'provisional') return {};
  return { passwordKind: 'none', provisionalSealed: null, provisionalCreatedAt: null };
}

function personal(passwordHash: string, now: Date): AccountChanges {
  return {
    passwordKind: 'personal',
    passwordHash,
    passwordChangedAt: now,
    provisionalSealed: null,
    provisionalCreatedAt: null,
  };
}
