import type { Account } from '../accounts/types.ts';
import { suspendedUntil } from '../enrolment/birth-date.ts';
import { formatDate } from '../http/dates.ts';
import { showPage } from '../http/page.ts';
import type { SuspendedPage } from './pages.ts';
import type { Visit } from './visit.ts';

/** A step of which nothing is shown or taken while birth dates are not looked at (too many were wrong). */
export function unlessSuspended<At extends { account: Account }>(
  handle: (visit: Visit, progress: At) => Promise<void> | void,
) {
  return async (visit: Visit, progress: At): Promise<void> => {
    const until = await suspendedUntil(visit.deps, progress.account);
    if (until === null) return handle(visit, progress);
    showSuspended(visit, progress.account, until, visit.ctx.method === 'POST' ? 400 : 200);
  };
}

const MINUTE_MS = 60_000;

/** @param until null: not a matter of time, the account has no child whose birth date could be asked */
export function showSuspended(
  { deps, ctx, interaction }: Visit,
  { kind }: Pick<Account, 'kind'>,
  until: Date | null,
  status = 200,
): void {
  // « après 9 h 05 » must not be a minute too early.
  const at = until && new Date(Math.ceil(until.getTime() / MINUTE_MS) * MINUTE_MS);
  const page: SuspendedPage = {
    serviceName: interaction.clientName,
    reason: at === null ? 'no-child' : 'tries',
    self: kind === 'pupil',
    until: at && { at, tomorrow: formatDate(at) !== formatDate(deps.clock.now()) },
  };
  showPage(deps, ctx, 'mire/suspended', page, status);
}
