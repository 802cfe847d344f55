import { listedName } from '../../directory/names.ts';
import type { Context } from '../../http/context.ts';
import { type BatchCount, findRecipientsOf } from '../../messages/batches-store.ts';
import { pathsOf } from '../address.ts';
import { carriedQuery } from '../guardians/search.ts';
import { pageNumber, pagingOf, rowsOfPage } from '../paging.ts';
import type { AdminDoor } from '../types.ts';
import { csrfOf } from '../visit.ts';
import type { BatchVisit } from './of-batch.ts';
import type { MailState, MailsShown } from './pages.ts';
import { pageHref } from './visit.ts';

const STATES: readonly MailState[] = ['waiting', 'sent', 'failed', 'bounced', 'replaced'];
const ROWS = 50;

/** What became of each mail of a distribution, those that did not arrive first. */
export async function mailsShown(
  door: AdminDoor,
  ctx: Context,
  visit: BatchVisit,
  counts: readonly BatchCount[],
): Promise<MailsShown> {
  const { head } = visit;
  const here = pathsOf(visit).batch(head.publicId);
  // The list's search comes along; its page would be taken for one of these mails.
  const query = carriedQuery(ctx);
  const byState = new Map<MailState, number>();
  for (const { delivery, count } of counts)
    if (delivery !== null) byState.set(delivery, (byState.get(delivery) ?? 0) + count);
  const total = [...byState.values()].reduce((sum, count) => sum + count, 0);
  const at = rowsOfPage(pageNumber(ctx.query.page), { total, rows: ROWS });
  const { previousHref, nextHref } = pagingOf(at.page, at.pages, pageHref(here, query));
  const rows = await findRecipientsOf(door.deps.db, head.id, { offset: at.offset, limit: ROWS });
  const retried = typeof ctx.query.relances === 'string' && /^\d{1,5}$/.test(ctx.query.relances);
  return {
    counts: STATES.flatMap((state) => {
      const count = byState.get(state) ?? 0;
      return count > 0 ? [{ state, count }] : [];
    }),
    rows: rows.map((row) => ({
      name: listedName(row),
      identifier: row.identifier,
      href: pathsOf(visit).account(row.publicId) + query,
      state: row.delivery ?? 'waiting',
    })),
    total,
    range: at.range,
    previousHref,
    nextHref,
    refreshHref: here + query,
    retry: byState.has('failed') ? { action: `${here}/reessayer`, csrf: csrfOf(door, ctx) } : null,
    bounced: byState.has('bounced'),
    retried: retried ? Number(ctx.query.relances) : null,
  };
}
