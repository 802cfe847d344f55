import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';
import { tokenHash } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import { deviceOf } from '../http/device.ts';
import { findIdToken, keepIdToken } from './franceconnect-store.ts';
import { isPresentable } from './person-store.ts';
import type { LoadedSession, Payload, Person, SessionBinding, SessionClient } from './rows.ts';
import {
  deleteSession,
  deleteSessionClients,
  holdSession,
  insertSession,
  readSession,
  saveSessionClients,
  updateSession,
} from './session-store.ts';
import { after, earlier, libraryTime } from './time.ts';
import { currentUnit, inUnit, type Unit } from './unit-of-work.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'config' | 'franceConnect'>;
type Parts = Pick<Adapter, 'find' | 'findByUid' | 'upsert' | 'destroy'>;

/** A session that is used is written at most once a minute: its idle time is counted to the minute. */
const TOUCH_MS = 60_000;

/**
 * Sessions of persons; a session in which nobody is signed in is never stored.
 *
 * After the idle limit its row stays until the 12 hours are over: for a logout it is still there, with its services
 * (decision 9); for everything else it is a session without a person, which the same person, once signed in again,
 * takes over with its services.
 */
export function sessionAdapter(deps: Needs): Parts {
  return {
    async find(id) {
      const session = await load(deps, tokenHash(id));
      if (!session || session.expiresAt <= deps.clock.now()) return undefined;
      const unit = currentUnit();
      const open = isSessionGood(session, unit?.persons.get(session.accountId), deps.clock.now());
      const leaving = unit?.path.startsWith('/session/end') === true;
      return payloadOf(deps, session, id, open || leaving);
    },
    async findByUid(uid) {
      const binding = currentUnit()?.bindings.get(uid);
      if (binding) return boundPayload(deps, binding);
      const read = await inUnit(deps, (db) => readSession(db, { uid }));
      if (!read || !isSessionGood(read.session, read.person, deps.clock.now())) return undefined;
      return payloadOf(deps, read.session, '', true);
    },
    upsert: (id, payload) => save(deps, tokenHash(id), payload),
    async destroy(id) {
      const idHash = tokenHash(id);
      const unit = currentUnit();
      const session = [...(unit?.sessions.values() ?? [])].find((known) => known.idHash === idHash);
      if (!unit || !session || isOnlyRenamed(unit, session)) return;
      await rememberIdToken(deps, unit, session.uid);
      await inUnit(deps, (db) => deleteSession(db, session.uid));
      session.stored = false;
      session.clients = new Map();
    },
  };
}

/**
 * The library renames a session at each login: it destroys the old name and saves the new one. Where the person stays
 * the same the row stays too, with all that hangs on it: the pages of « Mon compte », what ends the session at
 * FranceConnect.
 */
function isOnlyRenamed({ path }: Unit, { accountId }: LoadedSession): boolean {
  return path.startsWith('/auth/') && Provider.ctx?.oidc?.session?.accountId === accountId;
}

async function load(deps: Needs, idHash: string): Promise<LoadedSession | null> {
  const unit = currentUnit();
  const read = await inUnit(deps, (db) =>
    unit?.kind === 'changing' ? holdSession(db, idHash, unit.clientId) : readSession(db, { idHash }),
  );
  if (!read) return null;
  unit?.sessions.set(read.session.uid, read.session);
  unit?.persons.set(read.session.accountId, read.person);
  for (const grant of read.grants) unit?.grants.set(grant.id, grant);
  return read.session;
}

/** Whether a session is still good: in use, and its person's credentials have not changed since it began. */
export function isSessionGood(
  session: { credentialsVersion: number; idleAt: Date },
  person: Person | null | undefined,
  now: Date,
): boolean {
  return (
    now < session.idleAt && isPresentable(person) && person.credentialsVersion === session.credentialsVersion
  );
}

function payloadOf(deps: Needs, session: LoadedSession, id: string, open: boolean): AdapterPayload {
  const known = {
    jti: id,
    kind: 'Session',
    uid: session.uid,
    exp: libraryTime(deps.clock, session.expiresAt),
  };
  const authorizations = authorizationsOf(session.clients);
  if (!open) return { ...known, authorizations };
  return { ...session.payload, ...known, accountId: session.accountId, authorizations };
}

function authorizationsOf(clients: ReadonlyMap<string, SessionClient>) {
  const entries = [...clients].map(([clientId, { sid, grantId }]) => [
    clientId,
    grantId === null ? { sid } : { sid, grantId },
  ]);
  return Object.fromEntries(entries) as Record<string, { sid: string; grantId?: string }>;
}

/** What a token that dies with its session is compared with; undefined when the session is over. */
function boundPayload(deps: Needs, binding: SessionBinding): AdapterPayload | undefined {
  const person = currentUnit()?.persons.get(binding.accountId);
  if (!isSessionGood(binding, person, deps.clock.now())) return undefined;
  const { uid, accountId, client, clientId } = binding;
  const clients = new Map(client === null ? [] : [[clientId, client]]);
  const exp = libraryTime(deps.clock, binding.idleAt);
  return { jti: '', kind: 'Session', uid, accountId, exp, authorizations: authorizationsOf(clients) };
}

async function save(deps: Needs, idHash: string, payload: AdapterPayload): Promise<void> {
  const unit = currentUnit();
  const { jti, kind, iat, exp, uid = '', accountId, authorizations = {}, ...rest } = payload;
  if (!unit || accountId === undefined) return;
  const loaded = unit.sessions.get(uid);
  const session = { ...rowOf(deps, unit, { uid, idHash, accountId, payload: rest }, loaded), idHash };
  if (!loaded?.stored) await inUnit(deps, (db) => insertSession(db, session));
  else if (isDue(session, loaded)) await inUnit(deps, (db) => updateSession(db, session));
  await bindIdToken(deps, unit, uid, rest);
  const known = loaded?.clients ?? new Map<string, SessionClient>();
  const wanted = clientsOf(authorizations);
  await saveClients(deps, uid, known, wanted);
  unit.sessions.set(uid, { ...session, clients: wanted, stored: true });
}

/** A login by FranceConnect that this request resumes: its ID token ends the session there when it is ended here. */
async function bindIdToken(deps: Needs, unit: Unit, sessionUid: string, payload: Payload): Promise<void> {
  const [, id] = /^\/auth\/([\w-]+)$/.exec(unit.path) ?? [];
  const { amr } = payload;
  if (id === undefined || unit.loginVersion === undefined || !Array.isArray(amr) || !amr.includes('fc'))
    return;
  const binding = { sessionUid, interactionHash: tokenHash(id) };
  await inUnit(deps, (db) => keepIdToken(db, binding, deps.clock.now()));
}

/** It goes with the session's row. */
async function rememberIdToken(deps: Needs, unit: Unit, sessionUid: string): Promise<void> {
  if (deps.franceConnect === null) return;
  const idToken = await inUnit(deps, (db) => findIdToken(db, sessionUid));
  if (idToken) unit.idToken = idToken;
}

type NewRow = { uid: string; idHash: string; accountId: string; payload: Payload };

function rowOf(deps: Needs, unit: Unit, row: NewRow, loaded: LoadedSession | undefined) {
  const { SESSION_IDLE_MINUTES, SESSION_MAX_HOURS } = deps.config;
  // A login that this request resumes is a new one, even within the second of the one before.
  const same =
    unit.loginVersion === undefined &&
    loaded?.accountId === row.accountId &&
    loaded.payload.loginTs === row.payload.loginTs;
  const expiresAt = same ? loaded.expiresAt : after(deps.clock, SESSION_MAX_HOURS * 3600);
  // Whoever proves again who he is goes on with his session; one that was idle begins anew.
  const goesOn = loaded?.accountId === row.accountId && loaded.idleAt > deps.clock.now();
  return {
    ...row,
    ...(goesOn
      ? { begunAt: loaded.begunAt, device: loaded.device }
      : { begunAt: deps.clock.now(), device: deviceOf(Provider.ctx?.get('User-Agent')) }),
    credentialsVersion: same ? loaded.credentialsVersion : versionNow(unit, row.accountId),
    touchedAt: deps.clock.now(),
    idleAt: earlier(after(deps.clock, SESSION_IDLE_MINUTES * 60), expiresAt),
    expiresAt,
  };
}

/** Of the moment of the login that this request resumes; -1, which no account has, when the person is unknown. */
export function versionNow(unit: Unit, accountId: string): number {
  return unit.loginVersion ?? unit.persons.get(accountId)?.credentialsVersion ?? -1;
}

function isDue(now: Omit<LoadedSession, 'clients' | 'stored'>, before: LoadedSession): boolean {
  return (
    now.idHash !== before.idHash ||
    now.accountId !== before.accountId ||
    now.credentialsVersion !== before.credentialsVersion ||
    now.touchedAt.getTime() - before.touchedAt.getTime() >= TOUCH_MS ||
    JSON.stringify(now.payload) !== JSON.stringify(before.payload)
  );
}

type Authorizations = Record<string, { sid?: string | undefined; grantId?: string | undefined }>;

function clientsOf(authorizations: Authorizations): Map<string, SessionClient> {
  const entries = Object.entries(authorizations).flatMap(([clientId, { sid, grantId }]) =>
    sid === undefined ? [] : [[clientId, { sid, grantId: grantId ?? null }] as const],
  );
  return new Map(entries);
}

async function saveClients(
  deps: Needs,
  uid: string,
  known: ReadonlyMap<string, SessionClient>,
  wanted: ReadonlyMap<string, SessionClient>,
): Promise<void> {
  const changed = [...wanted].filter(([clientId, { sid, grantId }]) => {
    const before = known.get(clientId);
    return before?.sid !== sid || before.grantId !== grantId;
  });
  const gone = [...known.keys()].filter((clientId) => !wanted.has(clientId));
  if (changed.length > 0)
    await inUnit(deps, (db) => saveSessionClients(db, uid, new Map(changed), deps.clock.now()));
  if (gone.length > 0) await inUnit(deps, (db) => deleteSessionClients(db, uid, gone));
}
