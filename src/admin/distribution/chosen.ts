import { findOwn, selectAccounts } from '../../accounts/select.ts';
import type { Context } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { BATCH_PARTS, findBatch, findPart } from '../../messages/batches-store.ts';
import { ofAddress, ofForm, readSearch, searchFields } from '../guardians/search.ts';
import { readSelection, selectionFields } from '../guardians/selection.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { scopeOf } from '../visit.ts';
import type { HiddenField } from './pages.ts';

/** Whom a form means. */
export type Chosen = {
  /** Internal ids; null: something in it is not this school's. */
  ids: number[] | null;
  /** What says so once more on the page that asks. */
  fields: HiddenField[];
  /** The search of the list beside it, to come back to. */
  search: HiddenField[];
  /** Ticked one by one, to be ticked again. */
  ticked: HiddenField[];
};

/**
 * The accounts that were selected in the list, or a part of an earlier distribution: those whose password it has reset,
 * those whom it did not reach.
 * @returns null: nobody was selected
 */
export async function chosenOf(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<Chosen | null> {
  const { db } = door.deps;
  if (field(ctx, 'batch') !== '') return partOfBatch(door, ctx, visit);
  const selection = readSelection(door, ctx);
  if (selection === null) return null;
  const selected = selectionFields(selection);
  const ticked = 'publicIds' in selection ? selected : [];
  return {
    ids: await selectAccounts(db, scopeOf(visit), selection),
    fields: selected,
    search: searchBeside(ctx),
    ticked,
  };
}

/** Of the form, or of the address of the distribution whose part is asked about. */
function searchBeside(ctx: Context): HiddenField[] {
  const search = readSearch(ofForm(ctx)) ?? readSearch(ofAddress(ctx));
  return search === null ? [] : searchFields(search);
}

/** Whoever has left the school since is left out. */
async function partOfBatch(
  { deps: { db, config } }: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
): Promise<Chosen> {
  const batch = field(ctx, 'batch');
  const part = BATCH_PARTS.find((one) => one === field(ctx, 'part'));
  const fields = [
    { name: 'batch', value: batch },
    { name: 'part', value: part ?? '' },
  ];
  const { school, of } = visit;
  const head = await findBatch(db, { schoolId: school.id, of }, batch);
  const ids =
    head === null || part === undefined
      ? null
      : await findOwn(db, scopeOf(visit), await findPart(db, head.id, part), {
          withoutSettled: config.STRICT_SECOND_DEGREE && school.degree === 2,
        });
  return { ids, fields, search: searchBeside(ctx), ticked: [] };
}
