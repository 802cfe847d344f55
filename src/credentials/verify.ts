import { findAccountByIdentifier } from '../accounts/store.ts';
import type { Account, AccountKind } from '../accounts/types.ts';
import { recordAudit } from '../audit/record.ts';
import { sameText } from '../crypto/digests.ts';
import type { Deps } from '../deps.ts';
import { countAttempt, normaliseIdentifier } from './attempts.ts';
import { isProvisionalOver, openProvisional } from './provisional.ts';

export type SignIn = {
  identifier: string;
  password: string;
  /** The profile chosen on the first page: under the other one a right password is refused, with the reason. */
  kind: AccountKind;
  ip: string;
  requestId?: string;
};

export type VerifyResult =
  /** `rehash`: the password's hash under today's parameters, to be stored with the login (C07). */
  | { ok: true; account: Account; rehash: string | null }
  /**
   * `too-many`: this network address tries too often; `locked`: shown like `wrong` (C04). `expired`, `frozen` and
   * `wrong-profile` are only said to somebody who knows the password.
   */
  | { ok: false; reason: 'wrong' | 'wrong-profile' | 'locked' | 'expired' | 'frozen' | 'too-many' };

const IDENTIFIER_LIMIT = 90;
const PASSWORD_LIMIT_BYTES = 1024;

type Verifier = Pick<Deps, 'db' | 'config' | 'clock' | 'passwords' | 'sealer'>;

/**
 * Checks identifier and password. The attempt is counted before the password is looked at (atomic, in the database);
 * the work and the answer are the same for known and unknown identifiers; « expiré » is only said to somebody who
 * knows the password. On success the caller records the login (login.ts) or the first connection.
 * @throws HasherBusy when the gate before argon2 is full
 */
export async function verifyCredentials(deps: Verifier, signIn: SignIn): Promise<VerifyResult> {
  const identifier = normaliseIdentifier(signIn.identifier);
  const counted = await countAttempt(deps, identifier, signIn.ip);
  if (counted.refused !== null) return { ok: false, reason: counted.refused };
  const readable =
    identifier.length <= IDENTIFIER_LIMIT && Buffer.byteLength(signIn.password) <= PASSWORD_LIMIT_BYTES;
  const account = readable && isAscii(identifier) ? await findAccountByIdentifier(deps.db, identifier) : null;
  const right = readable && (await isRight(deps, account, signIn.password));
  if (!account || !right) {
    await recordRefusal(deps, signIn, account, 'wrong', counted.locks);
    return { ok: false, reason: 'wrong' };
  }
  if (account.kind !== signIn.kind) {
    await recordRefusal(deps, signIn, account, 'other profile');
    return { ok: false, reason: 'wrong-profile' };
  }
  if (account.frozenAt !== null) {
    await recordRefusal(deps, signIn, account, 'frozen');
    return { ok: false, reason: 'frozen' };
  }
  if (isProvisionalOver(deps.config, account, deps.clock.now())) {
    await recordRefusal(deps, signIn, account, 'expired');
    return { ok: false, reason: 'expired' };
  }
  const outdated = account.passwordHash !== null && deps.passwords.needsRehash(account.passwordHash);
  return { ok: true, account, rehash: outdated ? await deps.passwords.hash(signIn.password) : null };
}

/** The same argon2 work whatever there is to compare with (decision 2, E02). */
async function isRight(deps: Verifier, account: Account | null, password: string): Promise<boolean> {
  if (account?.passwordKind === 'personal' && account.passwordHash) {
    return deps.passwords.verify(account.passwordHash, password);
  }
  await deps.passwords.pretend(password);
  const provisional = account ? openProvisional(deps, account) : null;
  // Typed from paper: case and surrounding spaces are forgiven, the alphabet has upper case only.
  return sameText(provisional ?? '', password.trim().toUpperCase()) && provisional !== null;
}

async function recordRefusal(
  deps: Verifier,
  signIn: SignIn,
  account: Account | null,
  details: string,
  locks: 'here' | 'everywhere' | null = null,
): Promise<void> {
  const line = {
    at: deps.clock.now(),
    outcome: 'refused',
    actorKind: 'person',
    accountId: account?.id,
    ip: signIn.ip,
    requestId: signIn.requestId,
  } as const;
  const lock = locks === null ? [] : [{ ...line, event: 'lock', details: LOCKED[locks] }];
  await recordAudit(deps.db, { ...line, event: 'login', details }, ...lock);
}

const LOCKED = { here: 'from this network', everywhere: 'from all networks' } as const;

/** `ascii_bin` columns refuse other characters; no identifier has any. */
function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
