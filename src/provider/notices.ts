import type { Client, Provider } from 'oidc-provider';
import type { Deps } from '../deps.ts';
import { currentUnit, type Unit } from './unit-of-work.ts';

/** The part of the library's client that its types leave out. */
type Notified = Client & { backchannelLogout(accountId: string, sid: string): Promise<void> };

/** A logout notice leaves when the logout is committed, not while its transaction holds the session. */
export function tellAfterCommit(provider: Provider): void {
  const prototype = provider.Client.prototype as Notified;
  const send = prototype.backchannelLogout;
  prototype.backchannelLogout = async function later(this: Notified, accountId, sid) {
    const unit = currentUnit();
    if (!unit) return send.call(this, accountId, sid);
    unit.notices.push(() => send.call(this, accountId, sid));
  };
}

/** Tells one service that a session is over; within a unit of work, once that is committed. */
export async function tellService(client: Client, accountId: string, sid: string): Promise<void> {
  if (client.backchannelLogoutUri) await (client as Notified).backchannelLogout(accountId, sid);
}

/** Each is bounded in time (fetch-guard.ts); a service that cannot be reached undoes no logout (J07). */
export async function sendNotices({ log }: Pick<Deps, 'log'>, notices: Unit['notices']): Promise<void> {
  const sent = await Promise.allSettled(notices.map((notice) => notice()));
  for (const result of sent) {
    if (result.status === 'rejected') log.warn({ err: result.reason }, 'back-channel logout not delivered');
  }
}
