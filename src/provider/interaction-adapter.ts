import type { Adapter, AdapterPayload } from 'oidc-provider';
import { newToken, tokenHash } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import {
  deleteInteraction,
  insertInteraction,
  lockInteraction,
  updateInteraction,
} from './interaction-store.ts';
import type { Payload } from './rows.ts';
import { after, libraryTime } from './time.ts';
import { currentUnit, inUnit, type Unit } from './unit-of-work.ts';

type Needs = Pick<Deps, 'db' | 'clock' | 'config' | 'random'>;
type Parts = Pick<Adapter, 'find' | 'upsert' | 'destroy'>;

/** A sign-in lives that long unless it is extended, because a mail is under way. */
const INTERACTION_S = 30 * 60;

/** Sign-ins under way. What would give one away (its id, where it resumes, the session's cookie) is not stored. */
export function interactionAdapter(deps: Needs): Parts {
  const loaded = new WeakMap<Unit, Set<string>>();
  return {
    async find(id) {
      const unit = currentUnit();
      const idHash = tokenHash(id);
      const stored = await inUnit(deps, (db) => lockInteraction(db, idHash));
      if (!stored || stored.expiresAt <= deps.clock.now()) return undefined;
      if (unit) {
        loaded.set(unit, (loaded.get(unit) ?? new Set<string>()).add(idHash));
        if (stored.credentialsVersion !== null) unit.loginVersion = stored.credentialsVersion;
      }
      return {
        ...reopened(deps, stored.payload, unit),
        ...(stored.result !== null && { result: stored.result }),
        jti: id,
        kind: 'Interaction',
        returnTo: `${deps.config.issuer}/auth/${id}`,
        exp: libraryTime(deps.clock, stored.expiresAt),
      } as AdapterPayload;
    },
    async upsert(id, payload) {
      const idHash = tokenHash(id);
      const unit = currentUnit();
      const kept = withoutLiveValues(payload, unit);
      if (unit && loaded.get(unit)?.has(idHash))
        return inUnit(deps, (db) => updateInteraction(db, idHash, kept));
      const clientId = String(payload.params?.client_id);
      const expiresAt = after(deps.clock, INTERACTION_S);
      await inUnit(deps, (db) => insertInteraction(db, idHash, { clientId, payload: kept, expiresAt }));
    },
    destroy: (id) => inUnit(deps, (db) => deleteInteraction(db, tokenHash(id))),
  };
}

function withoutLiveValues(payload: AdapterPayload, unit: Unit | undefined): Payload {
  const { jti, kind, exp, returnTo, result, session, parJti, ...rest } = payload as Payload & {
    session?: Payload;
    parJti?: string;
  };
  const { cookie, ...person } = session ?? {};
  return {
    ...rest,
    ...(session && { session: person }),
    ...(parJti && { parHash: unit?.aliases.get(parJti) ?? tokenHash(parJti) }),
  };
}

/**
 * The session that the sign-in began in may have ended since (idle, another tab, change of person): the login that
 * was handed over stands without it, so that the visitor is not sent back to the start.
 */
function reopened(deps: Needs, payload: Payload, unit: Unit | undefined): Payload {
  const { session, parHash, ...rest } = payload as { session?: { uid?: string }; parHash?: string };
  const present = session?.uid !== undefined && unit?.sessions.get(session.uid)?.stored === true;
  if (parHash === undefined || !unit) return { ...rest, ...(present && { session }) };
  const alias = newToken(deps.random);
  unit.aliases.set(alias, parHash);
  return { ...rest, ...(present && { session }), parJti: alias };
}
