import type { Account } from '../../accounts/types.ts';
import { recordAudit } from '../../audit/record.ts';
import { exhaustedUntil, takeAttempt } from '../../codes/throttle.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { staffActor } from '../../staff/sessions.ts';
import { pathsOf } from '../address.ts';
import { accountsFrame } from '../frame.ts';
import { carriedQuery } from '../guardians/search.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf } from '../visit.ts';
import type { TooManyPupilsPage } from './pages.ts';

const HOUR_MS = 3_600_000;

/**
 * Before a pupil's password is told, drawn or printed in the troubleshooting, which asks for no key: how many
 * pupils one person sees to in an hour is limited, at all his schools together, so that a stolen portal password does
 * not open a whole collège (security.md 1.6). A pupil counts once an hour, whatever is done for him. Beyond it the page
 * says until when; the school's journal and the log have a line.
 * @returns false: it has been answered
 */
export async function mayOpenPupil(
  door: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
  { id }: Pick<Account, 'id'>,
): Promise<boolean> {
  if (visit.module !== 'troubleshooting') return true;
  const { deps } = door;
  const { db, clock, config, log } = deps;
  const now = clock.now();
  const limit = config.TROUBLESHOOTING_PUPILS_PER_HOUR;
  const who = `troubleshooting|${staffActor(visit.staff)}`;
  const his = `${who}|${id}`;
  if ((await exhaustedUntil(db, { keys: [his], limit: 1, now })) !== null) return true;
  const pupils = await takeAttempt(db, { key: who, limit, windowMs: HOUR_MS, now });
  if (pupils.allowed) {
    await takeAttempt(db, { key: his, limit: 1, windowMs: HOUR_MS, now });
    return true;
  }
  await recordAudit(db, {
    ...actorOf(ctx, visit),
    at: now,
    event: 'troubleshooting-limit',
    outcome: 'refused',
    schoolId: visit.school.id,
    details: `${limit} pupils in an hour`,
  });
  log.warn(
    { uai: visit.school.uai, requestId: ctx.state.requestId },
    'too many pupils in the troubleshooting',
  );
  const page: TooManyPupilsPage = {
    frame: accountsFrame(door, ctx, visit),
    limit,
    until: pupils.retryAt ?? new Date(now.getTime() + HOUR_MS),
    listHref: pathsOf(visit).list + carriedQuery(ctx),
  };
  showPage(deps, ctx, 'admin/pupils/too-many', page, 429);
  return false;
}
