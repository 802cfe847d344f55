import type { Selection } from '../../accounts/guardian-filters.ts';
import type { Context } from '../../http/context.ts';
import { field, fields } from '../../http/form.ts';
import type { AdminDoor } from '../types.ts';
import { criteriaFields, filtersOf, ofForm, readSearch, type SearchField } from './search.ts';

/**
 * The accounts that a form of the list or of a confirmation means: all results of its search, or those ticked.
 * @returns null: none is selected; then `showNothingSelected`
 */
export function readSelection({ deps }: AdminDoor, ctx: Context): Selection | null {
  const withoutSettled = deps.config.STRICT_SECOND_DEGREE;
  if (field(ctx, 'all') === '1') {
    const search = readSearch(ofForm(ctx));
    if (search !== null) return { filters: { ...filtersOf(deps, search), withoutSettled } };
  }
  const publicIds = [...new Set(fields(ctx, 'account'))];
  return publicIds.length === 0 ? null : { publicIds, withoutSettled };
}

/** The same selection as hidden fields of a confirmation page, for `readSelection` to read again. */
export function selectionFields(selection: Selection): SearchField[] {
  if ('publicIds' in selection)
    return selection.publicIds.map((publicId) => ({ name: 'account', value: publicId }));
  const { filters } = selection;
  const criteria = criteriaFields({ ...filters, expires: filters.providedBefore !== null });
  return [{ name: 'all', value: '1' }, ...criteria];
}
