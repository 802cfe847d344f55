import type { Selection } from '../../accounts/guardian-filters.ts';
import { selectAccounts } from '../../accounts/select.ts';
import type { Context } from '../../http/context.ts';
import { csvStream } from '../../messages/lists/csv.ts';
import { makeList } from '../../messages/lists/make-list.ts';
import { writeListPdf } from '../../messages/lists/pdf.ts';
import type { ListKind } from '../../messages/lists/types.ts';
import { listFileName } from '../../messages/lists/words.ts';
import { showNothingSelected } from '../guardians/list.ts';
import { readSelection } from '../guardians/selection.ts';
import { answerPdf } from '../pdf-answer.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, scopeOf } from '../visit.ts';

/**
 * POST /responsables/liste.pdf, liste.csv, liste-par-classe.pdf, and of /eleves the same: the list of the selected accounts.
 * What it tells is in the journal before the first line leaves.
 */
export function downloadList(kind: ListKind) {
  return async (door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> => {
    const { deps } = door;
    const { school, of } = visit;
    const selection = readSelection(door, ctx);
    if (selection === null) return showNothingSelected(door, ctx, visit);
    const accountIds = await selectAccounts(deps.db, scopeOf(visit), selection);
    if (accountIds === null) return refuseForeign(door, ctx, visit, 'account');
    if (accountIds.length === 0) return showNothingSelected(door, ctx, visit);
    const list = await makeList(deps, {
      school,
      of,
      accountIds,
      only: onlyOf(selection),
      kind,
      actor: actorOf(ctx, visit),
    });
    const fileName = listFileName(list.writtenAt, kind === 'csv' ? 'csv' : 'pdf', of);
    if (kind === 'csv') {
      ctx.attachment(fileName);
      ctx.type = 'text/csv; charset=utf-8';
      ctx.body = csvStream(deps, list);
    } else answerPdf(deps, ctx, fileName, (sink) => writeListPdf(deps, list, kind, sink));
  };
}

/** A search for a class is a list of that class, not of the guardians' children in others too. */
function onlyOf(selection: Selection): { classIds: readonly number[]; mefCodes: readonly string[] } {
  if ('publicIds' in selection) return { classIds: [], mefCodes: [] };
  const { classIds, mefCodes } = selection.filters;
  return { classIds, mefCodes };
}
