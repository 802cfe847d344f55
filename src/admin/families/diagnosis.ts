import { diagnoseAccount } from '../../assistance/account.ts';
import type { StaffSchool } from '../../staff/types.ts';
import type { AdminDoor } from '../types.ts';
import { helpHref } from './address.ts';
import type { ShownDiagnosis } from './pages.ts';
import { shownCheck, shownWays } from './shown.ts';

/**
 * « Diagnostic » of the account page, for `admin/families/diagnosis.njk`; null: the account is closed.
 * @param account one that the page has found to be of this school
 */
export async function accountDiagnosis(
  { deps }: Pick<AdminDoor, 'deps'>,
  school: StaffSchool,
  account: { id: number; publicId: string },
): Promise<ShownDiagnosis | null> {
  const diagnosis = await diagnoseAccount(deps, school.id, account.id);
  if (diagnosis === null) return null;
  return {
    ways: shownWays(diagnosis),
    checks: diagnosis.checks.map(shownCheck),
    journalHref: helpHref(school, 'journal', { compte: account.publicId }),
    attachmentsHref: helpHref(school, 'attachments'),
  };
}
