import type { Account } from '../accounts/types.ts';
import type { Deps, FranceConnectIdentity } from '../deps.ts';
import { LIVES_MS } from './enrolment.ts';
import { findEnrolment, findFranceConnectAccount, putEnrolment } from './enrolment-store.ts';

export type FranceConnectArrival = {
  interactionUid: string;
  clientId: string | null;
  /** Verified: signatures, nonce, audience. */
  identity: FranceConnectIdentity;
  /** He is to prove who he is: nothing begins for whom no account is known. */
  knownOnly?: boolean;
  ip: string;
  requestId?: string | undefined;
};

/**
 * Somebody comes back from FranceConnect. Known by (issuer, sub): the login can be handed over at once.
 * Otherwise the steps of the first connection begin, bound to this interaction and to this sub; what
 * FranceConnect says of him is kept sealed, for an hour at most, to tell apart people behind one mobile (X1).
 */
export async function beginFranceConnect(
  deps: Deps,
  { interactionUid, clientId, identity, knownOnly = false }: FranceConnectArrival,
): Promise<{ known: true; account: Account } | { known: false }> {
  const now = deps.clock.now();
  const account = await findFranceConnectAccount(deps.db, identity.issuer, identity.sub);
  if (account !== null) return { known: true, account };
  if (knownOnly) return { known: false };
  await putEnrolment(
    deps.db,
    {
      interactionUid,
      clientId,
      way: 'franceconnect',
      step: 'mobile',
      identity: {
        issuer: identity.issuer,
        sub: identity.sub,
        sealed: sealIdentity(deps, interactionUid, identity),
      },
      mobile: null,
      references: [],
      expiresAt: new Date(now.getTime() + LIVES_MS),
    },
    now,
  );
  return { known: false };
}

/** The names only: nothing else is looked at. */
export type SealedNames = Pick<FranceConnectIdentity, 'givenName' | 'familyName' | 'preferredName'>;

const contextOf = (interactionUid: string) => `franceconnect-names:${interactionUid}`;

function sealIdentity(
  deps: Pick<Deps, 'sealer'>,
  uid: string,
  { givenName, familyName, preferredName }: SealedNames,
) {
  return deps.sealer.seal(JSON.stringify({ givenName, familyName, preferredName }), contextOf(uid));
}

/** What FranceConnect calls the visitor of this interaction, to show him who is about to be linked; null: not told. */
export async function nameAtFranceConnect(
  deps: Pick<Deps, 'db' | 'clock' | 'sealer'>,
  interactionUid: string,
): Promise<string | null> {
  const row = await findEnrolment(deps.db, interactionUid, deps.clock.now());
  if (!row?.fcIdentitySealed) return null;
  const { givenName, familyName, preferredName } = openIdentity(deps, interactionUid, row.fcIdentitySealed);
  const name = [givenName, preferredName ?? familyName].filter((part) => part !== null).join(' ');
  return name === '' ? null : name;
}

/** @throws SealError when the value is another interaction's */
export function openIdentity(
  deps: Pick<Deps, 'sealer'>,
  interactionUid: string,
  sealed: string,
): SealedNames {
  return JSON.parse(deps.sealer.open(sealed, contextOf(interactionUid))) as SealedNames;
}
