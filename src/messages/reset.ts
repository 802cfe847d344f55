import type { AccountKind } from '../accounts/types.ts';
import type { Actor } from '../audit/record.ts';
import type { Deps } from '../deps.ts';
import { knownEmails } from '../directory/contact-store.ts';
import { carryOut } from './carry-out.ts';
import { queueResetNotices } from './credential-mails.ts';
import { addressOf } from './letter.ts';
import type { BatchResult } from './notify.ts';
import { findLinked, insertBatch, insertResults } from './notify-store.ts';
import { onceByForm } from './once.ts';
import { planReset } from './plan.ts';
import { reachAccounts } from './reach.ts';

/**
 * New provisional passwords without a distribution (section O): the old one is dead at once, with sessions, grants,
 * links and codes; the state stays; the guardian is told by mail where an address is known, without the password (G05).
 * « Non notifié » and those who only know FranceConnect are left as they are (R-114, X14).
 * @returns the public id of the batch that lists what became of each
 */
export async function resetPasswords(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'random' | 'config' | 'sealer' | 'render'>,
  request: {
    schoolId: number;
    accountIds: readonly number[];
    /** Of whom the accounts are; the guardians' unless told. */
    of?: AccountKind;
    single?: boolean;
    formKey: string | null;
    actor: Actor;
  },
): Promise<BatchResult> {
  const { schoolId, formKey, actor } = request;
  return onceByForm(deps.jobsDb, request, async (trx) => {
    const whom = await reachAccounts(trx, request);
    if (!whom.ok) return whom;
    const now = deps.clock.now();
    const publicId = deps.random.bytes(16).toString('base64url');
    const id = await insertBatch(trx, {
      publicId,
      schoolId,
      of: request.of ?? 'guardian',
      channel: 'reset',
      withReset: true,
      single: request.single ?? false,
      lettersAside: false,
      formKey,
      actor,
      now,
    });
    const accounts = whom.accounts.filter((account) => account.closedAt === null);
    const ids = accounts.map((account) => account.id);
    const linked = await findLinked(trx, ids);
    const plans = accounts.map((account) =>
      planReset(deps, account, { now, linked: linked.has(account.id) }),
    );
    await carryOut(trx, plans, { now, actor, schoolId, distributes: false });
    const known = await knownEmails(trx, ids);
    const addresses = new Map(accounts.map((account) => [account.id, addressOf(account, known)]));
    const changed = plans.filter((plan) => plan.renewed).map(({ after }) => after);
    await queueResetNotices(deps, trx, { id, school: whom.school, at: now }, changed, addresses);
    await insertResults(trx, id, plans, new Map());
    return { ok: true, batch: publicId };
  });
}
