import { type Context, partOf } from '../../http/context.ts';
import { type BatchHead, findBatch } from '../../messages/batches-store.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';

export type BatchVisit = SchoolVisit & { head: BatchHead };

/** The batch of the address, when it is one of this school's and population; in the troubleshooting of one pupil; else 404. */
export function ofBatch(
  handle: (door: AdminDoor, ctx: Context, visit: BatchVisit) => Promise<void>,
): (door: AdminDoor, ctx: Context, visit: SchoolVisit) => Promise<void> {
  return async (door, ctx, visit) => {
    const { school, of, module } = visit;
    const head = await findBatch(door.deps.db, { schoolId: school.id, of }, partOf(ctx, 'batch'));
    if (head === null || (module === 'troubleshooting' && !head.single))
      return refuseForeign(door, ctx, visit, 'distribution');
    return handle(door, ctx, { ...visit, head });
  };
}
