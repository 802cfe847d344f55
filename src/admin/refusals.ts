import { recordAudit } from '../audit/record.ts';
import { readUai } from '../directory/uai.ts';
import type { Context } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import type { StaffSession } from '../staff/types.ts';
import type { AdminDoor, SchoolVisit } from './types.ts';
import { actorOf } from './visit.ts';

/** A line for whoever reached for a school that is not his (G01); what is no UAI is only a wrong address. */
export async function recordRefusal(
  { deps }: AdminDoor,
  ctx: Context,
  staff: StaffSession,
  typed: string,
): Promise<void> {
  const uai = readUai(typed);
  if (uai === null) return;
  await recordAudit(deps.db, {
    ...actorOf(ctx, { staff }),
    at: deps.clock.now(),
    event: 'staff-refused',
    outcome: 'refused',
    details: `${ctx.method} ${uai}`,
  });
}

/**
 * Of what belongs to another school, or does not exist: 404 whichever it is, and a line (G01). Nothing else may have
 * been written.
 * @param what the kind of thing, for the line: `account`, `batch`, `class`...
 * @throws Fault EC-404-PAGE
 */
export async function refuseForeign(
  { deps }: AdminDoor,
  ctx: Context,
  { staff, school }: Pick<SchoolVisit, 'staff' | 'school'>,
  what: string,
): Promise<never> {
  await recordAudit(deps.db, {
    ...actorOf(ctx, { staff }),
    at: deps.clock.now(),
    event: 'staff-refused',
    outcome: 'refused',
    schoolId: school.id,
    details: `${ctx.method} ${school.uai}, ${what}`,
  });
  throw new Fault('EC-404-PAGE');
}
