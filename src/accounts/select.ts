import type { Database } from '../deps.ts';
import type { SchoolScope, Selection } from './guardian-filters.ts';
import { countOwnClasses, findGuardianIds, findOwnIds } from './guardians-store.ts';

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

/** The server ignores blanks at the end of what it compares: only what can be one is asked for. */
const isPublicId = (text: string) => /^[\w-]{1,22}$/.test(text);
