import type { Account, AccountKind } from '../accounts/types.ts';
import { type Actor, recordAudit } from '../audit/record.ts';
import { isProvisionalOver } from '../credentials/provisional.ts';
import { tokenHash } from '../crypto/digests.ts';
import type { Database, Deps } from '../deps.ts';
import { chooseMessage } from './choice.ts';
import type { Notified } from './letter.ts';
import { findChildren, findRecipientsAmong, findSchoolById, type School } from './notify-store.ts';
import { findDistributed } from './print-store.ts';
import { byAccount, inOrder } from './recipients.ts';

export type Printable = { school: School; at: Date; notified: Notified[] };

/**
 * The letters of a batch as they must be now: with the password that works, or none where the guardian has chosen his
 * own since. Who has left the school, is closed or frozen, or whose password is over, has none any more.
 * @param options `children: false` leaves out what only the pages need
 */
export async function readPrintable(
  db: Database,
  { config, clock }: Pick<Deps, 'config' | 'clock'>,
  batch: { id: number; schoolId: number; of: AccountKind; at: Date },
  { children = true } = {},
): Promise<(Printable & { digest: string }) | null> {
  const school = await findSchoolById(db, batch.schoolId);
  if (school === null) return null;
  const now = clock.now();
  const accounts = (await findDistributed(db, batch.id)).filter((account) =>
    mayBePrinted(config, account, now),
  );
  const ids = accounts.map((account) => account.id);
  const recipients = inOrder(await findRecipientsAmong(db, school, ids, batch.of));
  const byId = new Map(accounts.map((account) => [account.id, account]));
  const families = byAccount(children && batch.of === 'guardian' ? await findChildren(db, ids) : []);
  const notified = [...recipients].flatMap(([id, recipient]): Notified[] => {
    const account = byId.get(id);
    if (account === undefined) return [];
    const message = chooseMessage(account.state, account.passwordKind, 'sheet');
    return [{ account, message, recipient, children: families.get(id) ?? [] }];
  });
  return { school, at: batch.at, notified, digest: digestOf(notified) };
}

function mayBePrinted(config: Deps['config'], account: Account, now: Date): boolean {
  if (account.closedAt !== null || account.frozenAt !== null || account.state === 'not_notified')
    return false;
  return !isProvisionalOver(config, account, now);
}

/** Changes with every password and everybody who comes or goes: what was made before is stale then. */
const digestOf = (notified: readonly Notified[]) =>
  tokenHash(
    notified.map(({ account: { id, credentialsVersion: v, state } }) => `${id}:${v}:${state}`).join(' '),
  );

/** Who printed which password: a line an account, with the version of its credentials (N03, R-187). */
export async function recordPrint(
  deps: Pick<Deps, 'db' | 'clock'>,
  { notified, school }: Pick<Printable, 'notified' | 'school'>,
  { batch, actor }: { batch: number; actor: Actor },
): Promise<void> {
  const at = deps.clock.now();
  const lines = notified.map(({ account, message }) => ({
    ...actor,
    at,
    event: 'print-letter',
    outcome: 'done' as const,
    accountId: account.id,
    schoolId: school.id,
    details: `${message}, version ${account.credentialsVersion}, distribution ${batch}`,
  }));
  await recordAudit(deps.db, ...lines);
}
