import { lockAccounts } from '../accounts/store.ts';
import type { Account, AccountKind } from '../accounts/types.ts';
import type { Actor } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { knownEmails } from '../directory/contact-store.ts';
import { carryOut } from './carry-out.ts';
import type { Channel } from './choice.ts';
import { queueCredentialMails, queueResetNotices } from './credential-mails.ts';
import { type Addressed, addressOf, type Notified } from './letter.ts';
import {
  findChildren,
  findLinked,
  findRecipients,
  findSchool,
  insertBatch,
  insertResults,
  type Recipient,
  type School,
} from './notify-store.ts';
import { onceByForm } from './once.ts';
import { type Plan, planNotice } from './plan.ts';
import { reachAccounts } from './reach.ts';
import { byAccount, inOrder } from './recipients.ts';

/** Up to so many letters are made while they are downloaded; more are made beforehand, beside the requests. */
export const LETTERS_AT_ONCE = 30;

export type Batch = {
  id: number;
  publicId: string;
  school: School;
  at: Date;
  /** Those distributed, in the order in which sheets are handed out: class, pupil. */
  notified: Notified[];
};

type Needs = Pick<Deps, 'jobsDb' | 'clock' | 'random' | 'config' | 'sealer' | 'render'>;

export type NotifyRequest = {
  schoolId: number;
  accountIds: readonly number[];
  /** Of whom the accounts are; the guardians' unless told. */
  of?: AccountKind;
  channel: Channel;
  /** A new provisional password for all that may have one. */
  withReset: boolean;
  /** One account, from its own page. */
  single?: boolean;
  /** Of the page that was confirmed: the same one again gives the same batch. */
  formKey: string | null;
  actor: Actor;
};

/** `foreign`: one of the accounts is not of this school; nothing was done. */
export type BatchResult = { ok: true; batch: string } | { ok: false; reason: 'foreign' | 'nobody' };

/**
 * Distributes accounts of one school by sheet or mail (sections L and M), in one transaction: states, provisional
 * passwords, distribution dates, batch, audit lines and mails. A provisional password that still works is kept unless
 * a reset is asked for; one that has expired is replaced. Statements grow by the 500 accounts.
 * @returns the public id of the batch
 */
export async function notify(deps: Needs, request: NotifyRequest): Promise<BatchResult> {
  return onceByForm(deps.jobsDb, request, async (trx) => {
    const whom = await reachAccounts(trx, request);
    if (!whom.ok) return whom;
    const batch = await distribute(deps, trx, whom.school, whom, request);
    return { ok: true, batch: batch.publicId };
  });
}

export type NotifyRefusal = 'unknown-school' | 'unknown-class' | 'nobody';

/** The same by sheet for a whole school, or one of its classes: `educonnect notify`. */
export async function notifySchool(
  deps: Needs,
  request: { schoolUai: string; schoolClass?: string | undefined; actor: Actor },
): Promise<{ ok: true; batch: Batch } | { ok: false; reason: NotifyRefusal }> {
  return inTransaction(deps.jobsDb, async (trx) => {
    const school = await findSchool(trx, request.schoolUai);
    if (school === null) return { ok: false, reason: 'unknown-school' };
    const all = await findRecipients(trx, school);
    const wanted = request.schoolClass;
    const recipients =
      wanted === undefined
        ? all
        : all.filter(({ classCode, classLabel }) => classCode === wanted || classLabel === wanted);
    if (all.length > 0 && recipients.length === 0) return { ok: false, reason: 'unknown-class' };
    if (recipients.length === 0) return { ok: false, reason: 'nobody' };
    const how = { channel: 'sheet', withReset: false, formKey: null, actor: request.actor } as const;
    const ordered = inOrder(recipients);
    const accounts = await lockAccounts(trx, [...ordered.keys()]);
    const whom = { recipients: ordered, accounts };
    return { ok: true, batch: await distribute(deps, trx, school, whom, how) };
  });
}

type How = Omit<NotifyRequest, 'schoolId' | 'accountIds'>;
/** `accounts`: of the recipients, locked. */
type Whom = { recipients: ReadonlyMap<number, Recipient>; accounts: readonly Account[] };

async function distribute(
  deps: Needs,
  trx: Transaction,
  school: School,
  { recipients, accounts: locked }: Whom,
  how: How,
): Promise<Batch> {
  const { channel, withReset, actor, formKey, of = 'guardian' } = how;
  const now = deps.clock.now();
  const publicId = deps.random.bytes(16).toString('base64url');
  // Of two who press at once the second finds here that there is the batch of the first.
  const id = await insertBatch(trx, {
    publicId,
    schoolId: school.id,
    of,
    channel,
    withReset,
    single: how.single ?? false,
    lettersAside: channel === 'sheet' && recipients.size > LETTERS_AT_ONCE,
    formKey,
    actor,
    now,
  });
  const accounts = locked.filter(isOpen);
  const ids = accounts.map((account) => account.id);
  const needsAddress = channel === 'email' || withReset;
  const known = needsAddress ? await knownEmails(trx, ids) : new Map<number, string>();
  const linked = withReset ? await findLinked(trx, ids) : new Set<number>();
  const addressed: Addressed[] = accounts.map((account) => ({ account, address: addressOf(account, known) }));
  const plans = addressed.map(({ account, address }) =>
    planNotice(deps, account, how, { now, address, linked: linked.has(account.id) }),
  );
  await carryOut(trx, plans, { now, actor, schoolId: school.id, distributes: true });
  const families = byAccount(of === 'pupil' ? [] : await findChildren(trx, ids));
  const batch = { id, publicId, school, at: now, notified: assemble(recipients, plans, families) };
  const addresses = new Map(addressed.map(({ account, address }) => [account.id, address]));
  const messageIds =
    channel === 'email' ? await queueCredentialMails(deps, trx, batch, addresses) : new Map<number, string>();
  if (channel === 'sheet') await queueResetNotices(deps, trx, batch, resetOf(plans), addresses);
  await insertResults(trx, id, plans, messageIds);
  return batch;
}

const isOpen = (account: Account) => account.closedAt === null;
const resetOf = (plans: readonly Plan[]) =>
  plans.filter(({ reset }) => reset === 'done').map(({ after }) => after);

function assemble(
  recipients: ReadonlyMap<number, Recipient>,
  plans: readonly Plan[],
  families: ReadonlyMap<number, Notified['children']>,
): Notified[] {
  const byId = new Map(plans.map((plan) => [plan.before.id, plan]));
  return [...recipients].flatMap(([accountId, recipient]) => {
    const plan = byId.get(accountId);
    if (plan?.message == null) return [];
    const { after: account, message } = plan;
    return [{ account, message, recipient, children: families.get(accountId) ?? [] }];
  });
}
