import { recordAudit } from '../audit/record.ts';
import { readUai } from '../directory/uai.ts';
import { type Context, visitor } from '../http/context.ts';
import { staffActor } from '../staff/sessions.ts';
import type { StaffSession } from '../staff/types.ts';
import type { AdminDoor } from './types.ts';

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
    at: deps.clock.now(),
    event: 'staff-refused',
    outcome: 'refused',
    actorKind: 'school',
    actor: staffActor(staff),
    ...visitor(ctx),
    details: `${ctx.method} ${uai}`,
  });
}
