import { nothing, readForcedProgress } from '../../credentials/forced-progress.ts';
import { findForcedChange } from '../../credentials/forced-store.ts';
import { type Context, partOf } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { staffNames } from '../../staff/names-store.ts';
import { frameOf } from '../frame.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { forcedHref } from './address.ts';
import type { ForcedProgressPage } from './pages.ts';

/** GET /mots-de-passe-a-changer/:change: how many have been marked, and how many have changed theirs since, by day. */
export async function showProgress(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { deps } = door;
  const { staff, school, module } = visit;
  const publicId = partOf(ctx, 'change');
  const change = /^[\w-]{22}$/.test(publicId) ? await findForcedChange(deps.db, publicId) : null;
  if (change === null || change.schoolId !== school.id)
    return refuseForeign(door, ctx, visit, 'forced change');
  const progress = (await readForcedProgress(deps.db, [change])).get(change.id) ?? nothing();
  const names = await staffNames(deps.db, [change.actor]);
  const page: ForcedProgressPage = {
    frame: frameOf(door, ctx, staff, { module, school }),
    backHref: forcedHref(school),
    refreshHref: forcedHref(school, publicId),
    at: change.createdAt,
    by: names.get(change.actor ?? '') ?? null,
    marking: change.state === 'marking',
    expected: change.expected,
    ...progress,
  };
  showPage(deps, ctx, 'admin/forced/progress', page);
}
