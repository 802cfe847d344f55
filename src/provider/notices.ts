import { AsyncLocalStorage } from 'node:async_hooks';
import type { Client, Provider } from 'oidc-provider';
import { TOLD_WITHIN_MS } from '../accounts/logouts-store.ts';
import { recordAudit } from '../audit/record.ts';
import type { Sql } from '../db/statement.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import {
  type ClaimedNotice,
  claimNotices,
  forgetNotice,
  insertNotices,
  type Notice,
  postponeNotices,
} from './notice-store.ts';
import { currentUnit } from './unit-of-work.ts';

/** The library's own sending of a logout token, beside ours that takes its place. */
const SEND = Symbol('send a logout token');
/** The part of the library's client that its types leave out. */
type Notified = Client & {
  backchannelLogout(accountId: string, sid: string): Promise<void>;
  [SEND](accountId: string, sid: string): Promise<void>;
};

/** A logout notice leaves when the logout is committed, not while its transaction holds the session. */
export function tellAfterCommit(provider: Provider): void {
  const prototype = provider.Client.prototype as Notified;
  prototype[SEND] = prototype.backchannelLogout;
  prototype.backchannelLogout = async function later(this: Notified, accountId, sid) {
    currentUnit()?.notices.push({ clientId: this.clientId, accountId, sid });
  };
}

/** Tells one service, once this request is committed, that a session is over. */
export async function tellService(client: Client, accountId: string, sid: string): Promise<void> {
  if (client.backchannelLogoutUri) await (client as Notified).backchannelLogout(accountId, sid);
}

/** So long somebody who signs out is kept for services that answer at once, as nearly all do (A17: 2 s). */
const KEPT_WAITING_MS = 1000;
/** Longer than a service is waited for (fetch-guard.ts): whoever has claimed a notice has ended with it, or has died. */
const CLAIM_MS = 60_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
const AT_ONCE = 20;
/** First attempts under way in this process: beyond it a notice waits for the loop, so that silence costs no memory. */
const UNDER_WAY = 100;

type Needs = Pick<Deps, 'db' | 'jobsDb' | 'clock' | 'log'>;

/** Back-channel logout (OpenID Connect Back-Channel Logout 1.0): each service of a session is told that it is over. */
export type Notices = {
  /** In the transaction that ends the session, so that there is no logout that nobody is told of. */
  queue(db: Sql, notices: readonly Notice[]): Promise<ClaimedNotice[]>;
  /** Once it is committed. Returns when all have answered, and after a second in any case. */
  send(notices: readonly ClaimedNotice[]): Promise<void>;
  /** What could not be delivered at once, and is due. @returns how many services have taken theirs */
  sendDue(signal?: AbortSignal): Promise<number>;
};

/** @param find the service as the library knows it now; undefined when it is gone */
export function createNotices(
  deps: Needs,
  find: (clientId: string) => Promise<Client | undefined>,
  closing: AbortSignal,
): Notices {
  const { db, jobsDb, clock } = deps;
  const after = (ms: number) => new Date(clock.now().getTime() + ms);
  // A request's own transaction is over when its notices leave, and they may outlast it.
  const outside = AsyncLocalStorage.snapshot();
  const underWay = new Set<Promise<boolean>>();

  const attempt = async (notice: ClaimedNotice): Promise<boolean> => {
    try {
      const client = await find(notice.clientId);
      if (client?.backchannelLogoutUri) await (client as Notified)[SEND](notice.accountId, notice.sid);
    } catch (err) {
      await putOff(deps, notice, err, closing);
      return false;
    }
    await forgetNotice(db, notice);
    return true;
  };
  const safely = (notice: ClaimedNotice) =>
    // Its claim runs out, and it is due again.
    attempt(notice).catch((err: unknown) => {
      deps.log.warn({ err, clientId: notice.clientId }, 'a logout notice could not be kept');
      return false;
    });

  return {
    async queue(on, notices) {
      const giveUpAt = after(TOLD_WITHIN_MS);
      await insertNotices(on, notices, { now: clock.now(), claimUntil: after(CLAIM_MS), giveUpAt });
      return notices.map((notice) => ({ ...notice, attempts: 1, giveUpAt }));
    },
    async send(notices) {
      const begun = notices.slice(0, Math.max(0, UNDER_WAY - underWay.size)).map((notice) => {
        const work = outside(() => safely(notice));
        underWay.add(work);
        void work.then(() => underWay.delete(work));
        return work;
      });
      await atMost(KEPT_WAITING_MS, Promise.all(begun));
    },
    async sendDue(signal) {
      let told = 0;
      while (!signal?.aborted) {
        const claim = { now: clock.now(), claimUntil: after(CLAIM_MS), limit: AT_ONCE };
        const due = await inTransaction(jobsDb, (trx) => claimNotices(trx, claim));
        const results = await Promise.all(due.map((notice) => outside(() => safely(notice))));
        told += results.filter((taken) => taken).length;
        if (due.length < AT_ONCE) break;
      }
      return told;
    },
  };
}

/** A service that cannot be reached undoes no logout (J07): it is told later, and at last not any more. */
async function putOff(
  { db, clock, log }: Needs,
  notice: ClaimedNotice,
  err: unknown,
  closing: AbortSignal,
): Promise<void> {
  const now = clock.now();
  const { clientId, attempts } = notice;
  // A server that stops leaves it to the others at once.
  const pause = closing.aborted ? 0 : Math.min(FIRST_PAUSE_MS * 4 ** (attempts - 1), LONGEST_PAUSE_MS);
  const until = new Date(now.getTime() + pause);
  if (until < notice.giveUpAt) {
    log.warn({ err, clientId, attempts }, 'a service was not told of a logout, it will be told later');
    return postponeNotices(db, notice, { now, until });
  }
  log.error({ err, clientId, attempts }, 'a service is not told of a logout any more');
  await inTransaction(db, async (trx) => {
    await forgetNotice(trx, notice);
    await recordAudit(trx, {
      at: now,
      event: 'logout-untold',
      outcome: 'refused',
      actorKind: 'system',
      details: clientId,
    });
  });
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
