import { transition } from '../accounts/lifecycle.ts';
import { lockAccounts, updateManyAccounts, updateProvisionals } from '../accounts/store.ts';
import type { Account, AccountOrigin, AccountState } from '../accounts/types.ts';
import { type Actor, recordAudit } from '../audit/record.ts';
import { generateProvisional, provisionalExpiresAt, sealProvisional } from '../credentials/provisional.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { type CredentialMessage, chooseMessage } from './choice.ts';
import {
  type Child,
  findChildren,
  findRecipients,
  findSchool,
  insertNotificationBatch,
  type Recipient,
  type School,
} from './notify-store.ts';

type SheetMessage = Extract<CredentialMessage, 'C01' | 'C03' | 'C05'>;

/** One account that was notified, as it is afterwards. */
export type Notified = {
  account: Account;
  message: SheetMessage;
  /** The pupil of this school through whom the sheet is handed out. */
  recipient: Recipient;
  children: Child[];
};

export type Batch = { id: number; school: School; at: Date; notified: Notified[] };
export type NotifyRefusal = 'unknown-school' | 'unknown-class' | 'nobody';

/**
 * Distributes by sheet the accounts of a school's guardians (sections L and M), in one transaction: states,
 * provisional passwords, distribution dates, batch, audit. A provisional password that still works is kept, so that
 * a second run gives the same letters; one that has expired is replaced. Statements grow by the 500
 * accounts, not by the account. The result is in the order in which sheets are handed out: class, pupil.
 */
export async function notify(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'random' | 'config' | 'sealer'>,
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
    return { ok: true, batch: await distribute(deps, trx, school, inOrder(recipients), request.actor) };
  });
}

async function distribute(
  deps: Pick<Deps, 'clock' | 'random' | 'config' | 'sealer'>,
  trx: Transaction,
  school: School,
  recipients: ReadonlyMap<number, Recipient>,
  actor: Actor,
): Promise<Batch> {
  const at = deps.clock.now();
  const accounts = await lockAccounts(trx, [...recipients.keys()]);
  const changes = accounts
    .filter((account) => account.closedAt === null)
    .map((account) => planSheet(deps, account, at));
  await save(trx, changes, at);
  const results = changes.map(({ before, message }) => ({ accountId: before.id, message }));
  const id = await insertNotificationBatch(
    trx,
    { schoolId: school.id, channel: 'sheet', actor, now: at },
    results,
  );
  const lines = changes.map(({ before, after, message }) => ({
    ...actor,
    at,
    event: 'notify',
    outcome: 'done' as const,
    accountId: before.id,
    schoolId: school.id,
    details: `${before.state} > ${after.state}, ${message}`,
  }));
  await recordAudit(trx, ...lines);
  const children = await findChildren(trx, [...recipients.keys()]);
  return { id, school, at, notified: assemble(recipients, changes, children) };
}

type Change = { before: Account; after: Account; message: SheetMessage; renewed: boolean };

/** What notifying does to one account; pure but for the password drawn (R-071, R-072, R-112, R-115, X3, X14). */
function planSheet(deps: Pick<Deps, 'random' | 'config' | 'sealer'>, before: Account, now: Date): Change {
  const next = transition(before, 'notify');
  if (!next.ok) throw new Error(`no way to notify an account that is ${before.state}`);
  const expiry = provisionalExpiresAt(deps.config, before);
  const renewed = before.state === 'not_notified' || (expiry !== null && expiry <= now);
  const after: Account = { ...before, state: next.state, origin: next.origin, distributedAt: now };
  if (renewed) {
    after.passwordKind = 'provisional';
    after.provisionalSealed = sealProvisional(deps, before.publicId, generateProvisional(deps));
    after.provisionalCreatedAt = now;
  }
  const message = chooseMessage(before.state, after.passwordKind, 'sheet') as SheetMessage;
  return { before, after, message, renewed };
}

/** Writes the plans, grouped by the state they lead to. */
async function save(trx: Transaction, changes: readonly Change[], now: Date): Promise<void> {
  const groups = new Map<string, { state: AccountState; origin: AccountOrigin; changes: Change[] }>();
  for (const change of changes.filter(({ renewed }) => renewed)) {
    const { state, origin } = change.after;
    const key = `${state} ${origin}`;
    const group = groups.get(key) ?? { state, origin, changes: [] };
    group.changes.push(change);
    groups.set(key, group);
  }
  for (const { state, origin, changes: members } of groups.values()) {
    const values = members.map(({ after }) => ({ id: after.id, sealed: after.provisionalSealed ?? '' }));
    await updateProvisionals(trx, values, { state, origin, distributedAt: now }, now);
  }
  const others = changes.filter(({ renewed }) => !renewed).map(({ before }) => before.id);
  await updateManyAccounts(trx, others, { distributedAt: now }, now);
}

const collator = new Intl.Collator('fr', { numeric: true });

/** One recipient an account, the first by class and pupil; the map keeps that order. */
function inOrder(recipients: readonly Recipient[]): Map<number, Recipient> {
  const sorted = [...recipients].sort(
    (a, b) =>
      collator.compare(a.classLabel ?? '', b.classLabel ?? '') ||
      collator.compare(a.pupilFamilyName, b.pupilFamilyName) ||
      collator.compare(a.pupilGivenName, b.pupilGivenName) ||
      a.accountId - b.accountId,
  );
  const first = new Map<number, Recipient>();
  for (const recipient of sorted) {
    if (!first.has(recipient.accountId)) first.set(recipient.accountId, recipient);
  }
  return first;
}

function assemble(
  recipients: ReadonlyMap<number, Recipient>,
  changes: readonly Change[],
  children: readonly Child[],
): Notified[] {
  const byAccount = new Map(changes.map((change) => [change.before.id, change]));
  const families = new Map<number, Child[]>();
  for (const child of children) {
    const family = families.get(child.accountId) ?? [];
    family.push(child);
    families.set(child.accountId, family);
  }
  return [...recipients].flatMap(([accountId, recipient]) => {
    const change = byAccount.get(accountId);
    if (change === undefined) return [];
    const { after, message } = change;
    return [{ account: after, message, recipient, children: families.get(accountId) ?? [] }];
  });
}
