import type { Deps, Transaction } from '../deps.ts';
import {
  deleteGrantsOfSession,
  deleteSessions,
  findLivingSessions,
  findNotices,
  findServicesOf,
  lockSessionOf,
  renewSession,
} from './account-session-store.ts';
import type { Notices } from './notices.ts';
import { findSessionsOf } from './session-store.ts';
import { deleteGrantsOf } from './token-store.ts';

/** A session of a person as he knows it. */
export type KnownSession = {
  uid: string;
  /** Null: begun before this was kept. */
  begunAt: Date | null;
  /** To the minute. */
  usedAt: Date;
  /** `Firefox, Android`; null: not known. */
  device: string | null;
  /** How he signed in (`pwd`, `sms`, `fc`, `hwk`). */
  amr: string[];
  /** Names of the services that it reached. */
  services: string[];
};

/** To be called once the transaction is committed: tells the services that their sessions are over. */
export type Telling = () => Promise<void>;

/** The sessions that are open for this account, last used first, at most fifty. */
export async function sessionsOf(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  accountPublicId: string,
): Promise<KnownSession[]> {
  const rows = await findLivingSessions(db, accountPublicId, clock.now());
  const reached = await findServicesOf(
    db,
    rows.map(({ uid }) => uid),
  );
  return rows.map(({ uid, begun_at, touched_at, device, amr }) => ({
    uid,
    begunAt: begun_at,
    usedAt: touched_at,
    device,
    amr: amr === null ? [] : JSON.parse(amr),
    services: [...new Set(reached.filter((row) => row.session_uid === uid).map(({ name }) => name))],
  }));
}

/**
 * Ends one session of this account, with what its services were given in it.
 * @returns null when it is not his, or over already
 */
export async function endOneSession(
  notices: Notices,
  trx: Transaction,
  { accountPublicId, uid }: { accountPublicId: string; uid: string },
): Promise<Telling | null> {
  if (!(await lockSessionOf(trx, accountPublicId, uid))) return null;
  await deleteGrantsOfSession(trx, uid);
  return endAll(notices, trx, accountPublicId, [uid]);
}

/**
 * Ends all sessions of an account, with every grant and refresh token that a service has of it (C06); the transaction
 * has locked the account.
 * @param keep a session that goes on with the account's new credentials: its person has just proved who he is in it
 */
export async function endSessionsOf(
  notices: Notices,
  trx: Transaction,
  accountPublicId: string,
  keep?: { sessionUid: string; credentialsVersion: number },
): Promise<Telling> {
  const uids = await findSessionsOf(trx, accountPublicId);
  const telling = await endAll(
    notices,
    trx,
    accountPublicId,
    uids.filter((uid) => uid !== keep?.sessionUid),
  );
  await deleteGrantsOf(trx, accountPublicId);
  if (keep) await renewSession(trx, keep.sessionUid, keep.credentialsVersion);
  return telling;
}

async function endAll(
  notices: Notices,
  trx: Transaction,
  accountPublicId: string,
  uids: readonly string[],
): Promise<Telling> {
  const untold = await notices.queue(trx, await findNotices(trx, accountPublicId, uids));
  await deleteSessions(trx, uids);
  return () => notices.send(untold);
}
