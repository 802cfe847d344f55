import { recordAudit } from '../audit/record.ts';
import { newToken, tokenHash } from '../crypto/digests.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps, PortalIdentity, PortalTokens } from '../deps.ts';
import { dayInParis } from '../files/day.ts';
import { readGrants, readMember } from './claims.ts';
import { keepStaffName } from './names-store.ts';
import { rightsOf } from './rights.ts';
import {
  findStaffSession,
  functionsOf,
  grantedSchools,
  insertStaffSession,
  removeStaffSession,
  touchStaffSession,
} from './store.ts';
import type { StaffMember, StaffSession } from './types.ts';

/** Sessions of the staff: 15 minutes idle, 8 hours at most (security.md, decision 9). */

type Needs = Pick<Deps, 'db' | 'clock' | 'config'>;
type Visitor = { ip: string; requestId: string };

/** Written at most once a minute: idle time is counted to the minute. */
const TOUCH_MS = 60_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export const sealContext = (idHash: string) => `staff-session:${idHash}`;

/** As audit lines name a person of the staff: no name, and what the portal knows him by (decision 11). */
export const staffActor = ({ sub }: Pick<StaffMember, 'sub'>) => `staff:${sub}`.slice(0, 120);

/**
 * Opens a session under a new id, in the place of the one that the browser had.
 * @returns the value of the cookie
 */
export async function openStaffSession(
  deps: Needs & Pick<Deps, 'random' | 'sealer'>,
  {
    identity,
    tokens,
    before,
    from,
  }: {
    identity: PortalIdentity;
    tokens: PortalTokens;
    /** Hash of the cookie that the browser came with. */
    before: string;
    from: Visitor;
  },
): Promise<string> {
  const { config, clock } = deps;
  const now = clock.now();
  const id = newToken(deps.random);
  const idHash = tokenHash(id);
  const member = readMember(config, identity);
  const session = {
    ...member,
    idHash,
    grants: readGrants(config, identity.claims),
    tokensSealed: deps.sealer.seal(JSON.stringify(tokens), sealContext(idHash)),
    now,
    expiresAt: new Date(now.getTime() + config.STAFF_SESSION_MAX_HOURS * HOUR_MS),
  };
  await inTransaction(deps.db, async (trx) => {
    await removeStaffSession(trx, before);
    await insertStaffSession(trx, session);
    await keepStaffName(trx, { ...member, actor: staffActor(member) }, now);
    await recordAudit(trx, {
      at: now,
      event: 'staff-sign-in',
      outcome: 'done',
      actorKind: 'school',
      actor: staffActor(member),
      ...from,
      details: member.strong ? 'with key' : 'without key',
    });
  });
  return id;
}

/**
 * Whose session it is and what he may do now: the functions of the feed and the delegations are read each time, so that
 * whoever loses his is out at once (G02). Counts as use.
 */
export async function currentStaffSession(deps: Needs, idHash: string): Promise<StaffSession | null> {
  const { db, config, clock } = deps;
  const now = clock.now();
  const seenSince = new Date(now.getTime() - config.STAFF_SESSION_IDLE_MINUTES * MINUTE_MS);
  const session = await findStaffSession(db, idHash, { now, seenSince });
  if (session === null) return null;
  if (now.getTime() - session.lastSeenAt.getTime() >= TOUCH_MS) await touchStaffSession(db, idHash, now);
  const granted = await grantedSchools(db, session, dayInParis(now));
  const functions = session.email === null ? [] : await functionsOf(db, session.email);
  const headCodes = config.STAFF_HEAD_FUNCTIONS;
  return { ...session, schools: rightsOf(granted, functions, { readAt: session.rightsReadAt, headCodes }) };
}

/** @returns the tokens with which the session at the portal can be ended too */
export async function closeStaffSession(
  deps: Pick<Deps, 'db' | 'sealer'>,
  idHash: string,
): Promise<PortalTokens | null> {
  const sealed = await removeStaffSession(deps.db, idHash);
  return sealed === null ? null : JSON.parse(deps.sealer.open(sealed, sealContext(idHash)));
}
