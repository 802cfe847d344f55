import { lockAccounts } from '../accounts/store.ts';
import type { Account, AccountKind } from '../accounts/types.ts';
import type { Transaction } from '../deps.ts';
import { findRecipientsAmong, findSchoolById, type Recipient, type School } from './notify-store.ts';
import { inOrder } from './recipients.ts';

type Asked = { schoolId: number; accountIds: readonly number[]; of?: AccountKind };
type Reached = { school: School; recipients: ReadonlyMap<number, Recipient>; accounts: readonly Account[] };

/**
 * Whom a distribution or a reset is for, locked. The locks come before anything is read: what follows is then as it is
 * when it is our turn, and not as it was when we came.
 * @returns `foreign`: one of them is not of this school, or of the other population
 */
export async function reachAccounts(
  trx: Transaction,
  { schoolId, accountIds, of = 'guardian' }: Asked,
): Promise<({ ok: true } & Reached) | { ok: false; reason: 'foreign' | 'nobody' }> {
  const wanted = [...new Set(accountIds)];
  const accounts = await lockAccounts(trx, wanted);
  const school = await findSchoolById(trx, schoolId);
  if (school === null || wanted.length === 0) return { ok: false, reason: 'nobody' };
  const recipients = inOrder(await findRecipientsAmong(trx, school, wanted, of));
  if (recipients.size < wanted.length) return { ok: false, reason: 'foreign' };
  return { ok: true, school, recipients, accounts };
}
