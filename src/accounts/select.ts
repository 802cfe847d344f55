import type { Database } from '../deps.ts';
import type { SchoolScope, Selection } from './guardian-filters.ts';
import { countOwnClasses, findGuardianIds, findOwnIds } from './guardians-store.ts';
import { findAccountById } from './store.ts';
import type { Account } from './types.ts';

/**
 * The accounts that staff of a school have selected: open accounts of guardians of its pupils.
 * @returns internal ids in ascending order, each once; null when anything in the selection is not this school's (an
 *   account or a class of another school, one that does not exist): then nothing may be done at all (G01)
 */
export async function selectAccounts(
  db: Database,
  school: SchoolScope,
  selection: Selection,
): Promise<number[] | null> {
  if ('publicIds' in selection) {
    const wanted = [...new Set(selection.publicIds)];
    if (!wanted.every(isPublicId)) return null;
    const ids = await findOwnIds(db, school, wanted, selection);
    return ids.length === wanted.length ? ids : null;
  }
  const classes = [...new Set(selection.filters.classIds)];
  if (classes.length > 0 && (await countOwnClasses(db, school, classes)) !== classes.length) return null;
  return findGuardianIds(db, school, selection.filters);
}

/** An open account of a guardian of the school's pupils; null: there is none such. */
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
