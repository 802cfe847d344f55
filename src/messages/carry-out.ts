import { queueLogouts } from '../accounts/logouts-store.ts';
import { updateManyAccounts, updateProvisionals } from '../accounts/store.ts';
import type { AccountOrigin, AccountState } from '../accounts/types.ts';
import { endWaysIn } from '../accounts/ways-in-store.ts';
import { type Actor, recordAudit } from '../audit/record.ts';
import type { Transaction } from '../deps.ts';
import { withdrawCredentialMails } from './batch-mail-store.ts';
import type { Plan } from './plan.ts';

/**
 * Writes what was planned, with its audit lines; statements grow by the 500 accounts. Where a password is drawn the old
 * one is dead at once, with its sessions and grants (the version of the credentials), and mails that would still tell
 * it do not leave; where it was reset, so are the ways in that were under way.
 * @param chosenAt null: distribution dates stay (a reset alone)
 */
export async function carryOut(
  trx: Transaction,
  plans: readonly Plan[],
  { now, actor, schoolId, distributes }: { now: Date; actor: Actor; schoolId: number; distributes: boolean },
): Promise<void> {
  const renewed = plans.filter((plan) => plan.renewed);
  // Nobody else has a session.
  const open = renewed.filter(({ before }) => before.state === 'activated');
  await queueLogouts(
    trx,
    open.map(({ before }) => before),
    now,
  );
  for (const { state, origin, members } of groups(renewed)) {
    const values = members.map(({ after }) => ({ id: after.id, sealed: after.provisionalSealed ?? '' }));
    await updateProvisionals(
      trx,
      values,
      { state, origin, ...(distributes ? { distributedAt: now } : {}) },
      now,
    );
  }
  const dated = plans.filter(({ outcome, renewed: drawn }) => outcome === 'distributed' && !drawn);
  await updateManyAccounts(trx, idsOf(dated), { distributedAt: now }, now);
  await withdrawCredentialMails(trx, idsOf(renewed.filter(({ before }) => before.distributedAt !== null)));
  await endWaysIn(trx, idsOf(plans.filter(({ reset }) => reset === 'done')), now);
  const line = { ...actor, at: now, schoolId };
  await recordAudit(
    trx,
    ...plans.flatMap(({ before, after, outcome, reset, message }) => {
      const about = { ...line, accountId: before.id };
      const done = { ...about, outcome: 'done' as const };
      return [
        ...(reset === 'done' ? [{ ...done, event: 'reset', details: `by the school, ${before.state}` }] : []),
        ...(reset === 'no-password'
          ? [{ ...about, event: 'reset', outcome: 'refused' as const, details: 'FranceConnect only' }]
          : []),
        ...(outcome === 'distributed'
          ? [{ ...done, event: 'notify', details: `${before.state} > ${after.state}, ${message}` }]
          : []),
      ];
    }),
  );
}

const idsOf = (plans: readonly Plan[]) => plans.map(({ before }) => before.id);

/** By the state they lead to: each group is written with the same statement. */
function groups(plans: readonly Plan[]) {
  const found = new Map<string, { state: AccountState; origin: AccountOrigin; members: Plan[] }>();
  for (const plan of plans) {
    const { state, origin } = plan.after;
    const key = `${state} ${origin}`;
    const group = found.get(key) ?? { state, origin, members: [] };
    group.members.push(plan);
    found.set(key, group);
  }
  return found.values();
}
