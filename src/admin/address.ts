import type { AccountKind } from '../accounts/types.ts';
import type { StaffModule, StaffSchool } from '../staff/types.ts';

/** Where all pages of a school are, as the router has it. */
export const AT = '/admin/etablissements/:uai';
/** The same of the troubleshooting. */
const AT_TROUBLESHOOTING = '/admin/depannage/etablissements/:uai';

/** The same of one school; what follows names the page. */
export const atSchool = ({ uai }: Pick<StaffSchool, 'uai'>): string => AT.replace(':uai', uai);

/** Whose accounts pages are about, and in which module: the same pages are mounted for each. */
export type Population = { module: StaffModule; of: AccountKind };

export const GUARDIANS = { module: 'administration', of: 'guardian' } as const;
export const PUPILS = { module: 'administration', of: 'pupil' } as const;
/** pupils, and nobody else. */
export const TROUBLESHOOTING = { module: 'troubleshooting', of: 'pupil' } as const;

/** Where their list, their accounts and their distributions are, as the router has it. */
export function accountsAt({ module, of }: Population): { list: string; accounts: string; batches: string } {
  if (of === 'guardian')
    return { list: `${AT}/responsables`, accounts: `${AT}/comptes`, batches: `${AT}/distributions` };
  const list = `${module === 'troubleshooting' ? AT_TROUBLESHOOTING : AT}/eleves`;
  return { list, accounts: `${list}/comptes`, batches: `${list}/distributions` };
}

/** Addresses of these pages for one school. */
export function pathsOf({ school, module, of }: Population & { school: Pick<StaffSchool, 'uai'> }) {
  const at = accountsAt({ module, of });
  const [list, accounts, batches] = [at.list, at.accounts, at.batches].map((path) =>
    path.replace(':uai', school.uai),
  ) as [string, string, string];
  return {
    list,
    confirm: `${list}/confirmer`,
    notify: `${list}/notifier`,
    reset: `${list}/reinitialiser`,
    pdf: `${list}/liste.pdf`,
    csv: `${list}/liste.csv`,
    handOut: `${list}/liste-par-classe.pdf`,
    batches,
    batch: (id: string) => `${batches}/${id}`,
    letters: (id: string) => `${batches}/${id}/courrier.pdf`,
    account: (publicId: string) => `${accounts}/${publicId}`,
  };
}
