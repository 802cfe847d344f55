import type { Database } from '../deps.ts';
import type { GuardianFilters, ListedRow, ListPage, SchoolScope, Selection } from './guardian-filters.ts';
import {
  countGuardians,
  countOwnClasses,
  findGuardianIds,
  findGuardianRows,
  findOwnIds,
} from './guardians-store.ts';
import { countPupils, findOwnPupilIds, findPupilIds, findPupilRows } from './pupils-store.ts';
import { findAccountById } from './store.ts';
import type { Account } from './types.ts';

/** Rows that a search finds, and distinct accounts (X21). */
export function countListed(
  db: Database,
  school: SchoolScope,
  filters: GuardianFilters,
): Promise<{ rows: number; accounts: number }> {
  return school.of === 'pupil' ? countPupils(db, school, filters) : countGuardians(db, school, filters);
}

/** One page of the list of guardians or of pupils. */
export async function findListed(
  db: Database,
  school: SchoolScope,
  filters: GuardianFilters,
  page: ListPage,
): Promise<ListedRow[]> {
  if (school.of === 'pupil') return findPupilRows(db, school, filters, page);
  const rows = await findGuardianRows(db, school, filters, page);
  return rows.map(({ pupilId, pupilFamilyName, pupilGivenName, classLabel, mefLabel, ...account }) => ({
    pupilId,
    pupilFamilyName,
    pupilGivenName,
    classLabel,
    mefLabel,
    account,
    noAccount: null,
  }));
}

/** Of these accounts the school's own, of guardians or of pupils as it asks. */
export function findOwn(
  db: Database,
  school: SchoolScope,
  publicIds: readonly string[],
  options: { withoutSettled?: boolean | undefined } = {},
): Promise<number[]> {
  return school.of === 'pupil'
    ? findOwnPupilIds(db, school, publicIds)
    : findOwnIds(db, school, publicIds, options);
}

/**
 * The accounts that staff of a school have selected: open accounts of guardians of its pupils, or of the
 * pupils themselves.
 * @returns internal ids in ascending order, each once; null when anything in the selection is not this school's, or not
 *   of those it asks for (an account or a class of another school, one that does not exist): then nothing may be done
 *   at all (G01)
 */
export async function selectAccounts(
  db: Database,
  school: SchoolScope,
  selection: Selection,
): Promise<number[] | null> {
  if ('publicIds' in selection) {
    const wanted = [...new Set(selection.publicIds)];
    if (!wanted.every(isPublicId)) return null;
    const ids = await findOwn(db, school, wanted, selection);
    return ids.length === wanted.length ? ids : null;
  }
  const classes = [...new Set(selection.filters.classIds)];
  if (classes.length > 0 && (await countOwnClasses(db, school, classes)) !== classes.length) return null;
  return school.of === 'pupil'
    ? findPupilIds(db, school, selection.filters)
    : findGuardianIds(db, school, selection.filters);
}

/** An open account of the school, of a guardian or of a pupil as it asks; null: there is none such. */
export async function findOwnAccount(
  db: Database,
  school: SchoolScope,
  publicId: string,
  options: { withoutSettled?: boolean } = {},
): Promise<Account | null> {
  const ids = await selectAccounts(db, school, { publicIds: [publicId], ...options });
  return ids?.[0] === undefined ? null : findAccountById(db, ids[0]);
}

/** The server ignores blanks at the end of what it compares: only what can be one is asked for. */
const isPublicId = (text: string) => /^[\w-]{1,22}$/.test(text);
