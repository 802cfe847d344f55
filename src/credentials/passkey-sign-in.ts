import {
  generateAuthenticationOptions,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server';
import { findAccountById } from '../accounts/store.ts';
import type { Account, AccountKind } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { tokenHash } from '../crypto/digests.ts';
import { countHit, networkOf } from '../db/counters.ts';
import type { Deps } from '../deps.ts';
import { readSignIn } from './passkey-answer.ts';
import { newChallenge, relyingParty, takeChallenge } from './passkey-challenges.ts';
import { findPasskeyByCredential, markSuspected, noteUse, type Passkey } from './passkey-store.ts';

const NETWORK_WINDOW_MS = 300_000;
/** As long as the browser waits for a finger; a page with filling-in waits for as long as it is open. */
const TIMEOUT_MS = 120_000;

type Needs = Pick<Deps, 'db' | 'config' | 'clock' | 'random' | 'log'>;

/**
 * What a browser is asked for on the login page: any key that it has of ours, so that nobody types an identifier, with
 * the proof that its holder is there (finger, face, code of the device).
 * @returns null: this network asks too often
 */
export async function signInOptions(
  deps: Needs,
  { interactionUid, ip }: { interactionUid: string; ip: string },
): Promise<PublicKeyCredentialRequestOptionsJSON | null> {
  if (!(await mayTry(deps, 'asked', ip))) return null;
  const challenge = await newChallenge(deps, 'sign-in', interactionUid);
  return generateAuthenticationOptions({
    rpID: relyingParty(deps).id,
    challenge: Uint8Array.from(Buffer.from(challenge, 'base64url')),
    userVerification: 'required',
    allowCredentials: [],
    timeout: TIMEOUT_MS,
  });
}

export type PasskeySignIn = {
  interactionUid: string;
  /** What the script put into the form. */
  answer: string;
  /** The profile chosen; null: none yet, any will do. */
  kind: AccountKind | null;
  ip: string;
  requestId?: string | undefined;
};

export type PasskeyResult =
  | { ok: true; account: Account }
  /** `wrong`: whatever it was, an unknown key, another site's, one that was removed. `wrong-profile`, `frozen`: said
   * only to somebody who has the key. */
  | { ok: false; reason: 'wrong' | 'wrong-profile' | 'frozen' | 'too-many' };

/**
 * Checks the answer of a key: the attempt is counted and the challenge used up before anything is looked at; then
 * site, signature, presence and verification of the holder, and the counter.
 */
export async function verifyPasskey(deps: Needs, signIn: PasskeySignIn): Promise<PasskeyResult> {
  if (!(await mayTry(deps, 'tried', signIn.ip))) return { ok: false, reason: 'too-many' };
  const checked = await check(deps, signIn);
  const account = checked.key && (await findAccountById(deps.db, checked.key.accountId));
  const fault = checked.fault ?? faultOf(account ?? null, signIn.kind);
  if (fault === null && account) return { ok: true, account };
  await recordAudit(deps.db, {
    at: deps.clock.now(),
    event: 'login',
    outcome: 'refused',
    actorKind: 'person',
    accountId: account?.id,
    ip: signIn.ip,
    requestId: signIn.requestId,
    details: `passkey: ${fault}`,
  });
  const told = fault === 'wrong-profile' || fault === 'frozen';
  return { ok: false, reason: told ? fault : 'wrong' };
}

type Fault = 'unreadable' | 'unknown' | 'signature' | 'counter' | 'closed' | 'not-activated';

/** @returns the key that it is about, if it is one of ours, and what is wrong with the answer */
async function check(
  deps: Needs,
  signIn: PasskeySignIn,
): Promise<{ key: Passkey | null; fault: Fault | null }> {
  const answer = readSignIn(signIn.answer);
  if (answer === null) return { key: null, fault: 'unreadable' };
  const key = await findPasskeyByCredential(deps.db, tokenHash(answer.id));
  const signed = await verify(deps, signIn, answer, key);
  if (key === null) return { key, fault: 'unknown' };
  // Whoever merely knows the name of a key has proved nothing: what failed is not written to its account's history.
  if (signed === null) return { key: null, fault: 'signature' };
  const now = deps.clock.now();
  if (await noteUse(deps.db, { id: key.id, signCount: signed.newCounter }, now)) return { key, fault: null };
  await markSuspected(deps.db, key.id, now);
  return { key, fault: 'counter' };
}

/** @returns null: refused, also for whoever has no key at all, after the same use of the challenge */
async function verify(
  deps: Needs,
  { interactionUid }: PasskeySignIn,
  answer: NonNullable<ReturnType<typeof readSignIn>>,
  key: Passkey | null,
): Promise<{ newCounter: number } | null> {
  const { id, origin } = relyingParty(deps);
  const { userHandle, ...response } = answer.response;
  const theirs = key === null || userHandle == null || userHandle === key.userHandle;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...answer, response, clientExtensionResults: {} },
      expectedChallenge: (challenge) => takeChallenge(deps, challenge, 'sign-in', interactionUid),
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      credential: {
        id: answer.id,
        publicKey: Uint8Array.from(Buffer.from(key?.publicKey ?? '', 'base64url')),
        // Ours to check, in one statement with writing it.
        counter: 0,
      },
    });
    return verified && theirs ? authenticationInfo : null;
  } catch (error) {
    deps.log.info({ reason: (error as Error).message.slice(0, 200) }, 'a passkey was refused');
    return null;
  }
}

function faultOf(
  account: Account | null,
  kind: AccountKind | null,
): Fault | 'wrong-profile' | 'frozen' | null {
  if (account === null || account.closedAt !== null) return 'closed';
  if (account.frozenAt !== null) return 'frozen';
  if (account.state !== 'activated') return 'not-activated';
  return kind !== null && account.kind !== kind ? 'wrong-profile' : null;
}

/** A signature cannot be guessed; what is limited is the work. A school is one network: the limit is the wide one. */
async function mayTry(deps: Needs, what: 'asked' | 'tried', ip: string): Promise<boolean> {
  const key = tokenHash(`passkey-${what}|${networkOf(ip)}`);
  const hits = await countHit(deps.db, key, NETWORK_WINDOW_MS, deps.clock.now());
  return hits <= deps.config.LOGIN_ATTEMPTS_PER_ADDRESS;
}
