import { type CodeStatus, normaliseCode } from '../codes/one-time.ts';
import type { Context } from '../http/context.ts';
import { formatDate } from '../http/dates.ts';
import { field } from '../http/form.ts';
import type { CodeError, CodePage, CodeProblem, Later } from './enrolment-pages.ts';
import { waysOf } from './progress.ts';
import { formPage, type Visit } from './visit.ts';

/** What the pages of a code share: on the ways in without the school, and to recover what was forgotten. */

const MINUTE_MS = 60_000;

/** « après 9 h 05 » must not be a minute too early. */
export function later({ deps }: Pick<Visit, 'deps'>, instant: Date): Later {
  const now = deps.clock.now();
  const at = new Date(Math.ceil(instant.getTime() / MINUTE_MS) * MINUTE_MS);
  if (instant.getTime() - now.getTime() <= MINUTE_MS) return { at, when: 'soon' };
  return { at, when: formatDate(at) === formatDate(now) ? 'today' : 'tomorrow' };
}

export function codeProblem(
  visit: Pick<Visit, 'deps'>,
  refusal: { reason: CodeProblem['reason']; retryAt: Date | null },
): CodeProblem {
  return { reason: refusal.reason, again: refusal.retryAt && later(visit, refusal.retryAt) };
}

/** How a try was refused, if it was. */
export type CodeShown = { reason?: CodeError['reason']; problem?: CodeProblem };

/** Where the way that asks for the code has its pages. */
type Place = Pick<
  CodePage,
  'way' | 'steps' | 'lastDigits' | 'action' | 'resendAction' | 'changeHref' | 'nothingHref'
>;

/** @param status of the latest code; null: none was asked for, or it was used */
export function codePage(visit: Visit, status: CodeStatus | null, place: Place, shown?: CodeShown): CodePage {
  const now = visit.deps.clock.now();
  const live = status !== null && status.left > 0 && status.expiresAt > now;
  return {
    ...formPage(visit),
    ...place,
    live: live ? { validUntil: status.expiresAt, left: status.left } : null,
    resendFrom: status !== null && status.resendAt > now ? later(visit, status.resendAt) : null,
    otherWaysHref: waysOf(visit.interaction.uid),
    errors: shown?.reason ? [{ field: 'code', reason: shown.reason }] : [],
    problem: shown?.problem ?? null,
    resent: visit.ctx.query.avis === 'renvoye',
  };
}

/** The code that was typed; nothing that cannot be one costs a try. */
export function readCode(
  ctx: Context,
): { ok: true; code: string } | { ok: false; reason: 'missing' | 'malformed' } {
  const code = normaliseCode(field(ctx, 'code'));
  if (code === '') return { ok: false, reason: 'missing' };
  return /^\d{6}$/.test(code) ? { ok: true, code } : { ok: false, reason: 'malformed' };
}
