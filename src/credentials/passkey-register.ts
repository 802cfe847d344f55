import {
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { lockAccounts } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { tokenHash } from '../crypto/digests.ts';
import { inTransaction, isDuplicate } from '../db/transaction.ts';
import type { Deps, Transaction } from '../deps.ts';
import { readRegistration } from './passkey-answer.ts';
import { newChallenge, relyingParty, takeChallenge } from './passkey-challenges.ts';
import { findPasskeys, insertPasskey } from './passkey-store.ts';

/** More devices than anybody has. */
export const MOST_PASSKEYS = 10;
const NAME_LIMIT = 60;
const TIMEOUT_MS = 300_000;
const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'];

type Needs = Pick<Deps, 'db' | 'config' | 'clock' | 'random' | 'log'>;
type Holder = Pick<
  Account,
  'id' | 'publicId' | 'identifier' | 'givenName' | 'familyName' | 'credentialsVersion'
>;

/** The account as a key knows it; opaque, never told to anybody else than the authenticator. */
const userHandleOf = ({ publicId }: Pick<Account, 'publicId'>): string =>
  Buffer.from(publicId).toString('base64url');

/** What a browser is asked to make: a key that needs no identifier typed, behind a finger, a face or a code. */
export async function registrationOptions(
  deps: Needs,
  account: Holder,
  session: string,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const known = await findPasskeys(deps.db, account.id);
  const challenge = await newChallenge(deps, 'register', session);
  return generateRegistrationOptions({
    rpName: 'ÉduConnect',
    rpID: relyingParty(deps).id,
    userID: Uint8Array.from(Buffer.from(account.publicId)),
    userName: account.identifier,
    userDisplayName: `${account.givenName} ${account.familyName}`,
    challenge: Uint8Array.from(Buffer.from(challenge, 'base64url')),
    attestationType: 'none',
    excludeCredentials: known.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: transports.split(' ').filter((name) => name !== ''),
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    timeout: TIMEOUT_MS,
  });
}

export type NewPasskey = {
  account: Holder;
  /** Of « Mon compte »: the key was asked for in it. */
  session: string;
  /** What the script put into the form. */
  answer: string;
  name: string;
  ip: string;
  requestId?: string | undefined;
};

export type RegisterResult =
  | { ok: true }
  /** `refused`: the answer is not good; `known`: an account has this key already. */
  | { ok: false; reason: 'refused' | 'known' | 'too-many' | 'gone' };

/**
 * Adds a key to an account.
 * @param tell tells the holder, in the transaction that adds it
 */
export async function registerPasskey(
  deps: Needs,
  request: NewPasskey,
  tell: (trx: Transaction, account: Account) => Promise<void>,
): Promise<RegisterResult> {
  const made = await verify(deps, request);
  if (made === null) return { ok: false, reason: 'refused' };
  const now = deps.clock.now();
  try {
    return await inTransaction(deps.db, async (trx): Promise<RegisterResult> => {
      const [account] = await lockAccounts(trx, [request.account.id]);
      if (!account || !isStill(account, request.account)) return { ok: false, reason: 'gone' };
      if ((await findPasskeys(trx, account.id)).length >= MOST_PASSKEYS)
        return { ok: false, reason: 'too-many' };
      await insertPasskey(trx, {
        ...made,
        publicId: deps.random.bytes(16).toString('base64url'),
        accountId: account.id,
        userHandle: userHandleOf(request.account),
        name: request.name.slice(0, NAME_LIMIT),
        createdAt: now,
        userVerifiedAt: now,
      });
      const { ip, requestId } = request;
      const line = { at: now, event: 'passkey-added', outcome: 'done', actorKind: 'person' } as const;
      await recordAudit(trx, { ...line, accountId: account.id, ip, requestId });
      await tell(trx, account);
      return { ok: true };
    });
  } catch (error) {
    if (isDuplicate(error)) return { ok: false, reason: 'known' };
    throw error;
  }
}

/** Open, and with the credentials that the session was opened under. */
function isStill(account: Account, { credentialsVersion }: Pick<Account, 'credentialsVersion'>): boolean {
  return (
    account.state === 'activated' &&
    account.closedAt === null &&
    account.frozenAt === null &&
    account.credentialsVersion === credentialsVersion
  );
}

async function verify(deps: Needs, { answer, session }: NewPasskey) {
  const read = readRegistration(answer);
  if (read === null) return null;
  const { id, origin } = relyingParty(deps);
  const { transports = [], ...response } = read.response;
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...read, response, clientExtensionResults: {} },
      expectedChallenge: (challenge) => takeChallenge(deps, challenge, 'register', session),
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
    });
    if (!verified) return null;
    const { credential, credentialDeviceType } = registrationInfo;
    return {
      credentialHash: tokenHash(credential.id),
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      signCount: credential.counter,
      transports: TRANSPORTS.filter((name) => transports.includes(name)).join(' '),
      synced: credentialDeviceType === 'multiDevice',
    };
  } catch (error) {
    deps.log.info({ reason: (error as Error).message.slice(0, 200) }, 'a new passkey was refused');
    return null;
  }
}
