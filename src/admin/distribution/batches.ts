import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { countBatches, countResults, listBatches } from '../../messages/batches-store.ts';
import { pathsOf } from '../address.ts';
import { accountsFrame } from '../frame.ts';
import { pageNumber, pagingOf, rowsOfPage } from '../paging.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { peopleOf } from '../visit.ts';
import type { BatchesPage } from './pages.ts';
import { pageHref } from './visit.ts';

const ROWS = 20;

/** GET /distributions: what was distributed and reset, the latest first. */
export async function showBatches(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { db } = door.deps;
  const scope = { schoolId: visit.school.id, of: visit.of };
  const paths = pathsOf(visit);
  const total = await countBatches(db, scope);
  const at = rowsOfPage(pageNumber(ctx.query.page), { total, rows: ROWS });
  const { previousHref, nextHref } = pagingOf(at.page, at.pages, pageHref(paths.batches));
  const heads = await listBatches(db, scope, { offset: at.offset, limit: ROWS });
  const counts = await countResults(
    db,
    heads.map(({ id }) => id),
  );
  const page: BatchesPage = {
    frame: accountsFrame(door, ctx, visit),
    people: peopleOf(visit),
    rows: heads.map((head) => {
      const own = counts.get(head.id) ?? [];
      const sum = (which: (count: (typeof own)[number]) => boolean) =>
        own.filter(which).reduce((all, { count }) => all + count, 0);
      const isDone = ({ outcome }: (typeof own)[number]) => outcome === 'distributed' || outcome === 'reset';
      return {
        href: paths.batch(head.publicId),
        act: head.channel,
        withReset: head.withReset,
        at: head.at,
        done: sum(isDone),
        left: sum((count) => !isDone(count)),
        waiting: sum(({ delivery }) => delivery === 'waiting'),
        failed: sum(({ delivery }) => delivery === 'failed' || delivery === 'bounced'),
      };
    }),
    total,
    range: at.range,
    previousHref,
    nextHref,
    listHref: paths.list,
  };
  showPage(door.deps, ctx, 'admin/distribution/batches', page);
}
