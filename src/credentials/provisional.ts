import type { Account } from '../accounts/types.ts';
import type { Deps } from '../deps.ts';

/**
 * 32 upper-case letters and digits that cannot be mistaken for one another on paper: no I, O, 0, 1.
 * 10 of them are 50 bits.
 */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const DAY_MS = 86_400_000;

export const provisionalContext = (accountPublicId: string) => `provisional:${accountPublicId}`;

/** A provisional password from the unambiguous alphabet, `PROVISIONAL_LENGTH` characters. */
export function generateProvisional(deps: Pick<Deps, 'random' | 'config'>): string {
  let password = '';
  for (let index = 0; index < deps.config.PROVISIONAL_LENGTH; index += 1) {
    password += ALPHABET[deps.random.int(ALPHABET.length)];
  }
  return password;
}

/** For the store: bound to its account, so that a value copied to another row does not open (decision 2). */
export function sealProvisional(deps: Pick<Deps, 'sealer'>, accountPublicId: string, plain: string): string {
  return deps.sealer.seal(plain, provisionalContext(accountPublicId));
}

/** @returns the password in clear, null when the account has no provisional password. @throws SealError */
export function openProvisional(
  deps: Pick<Deps, 'sealer'>,
  account: Pick<Account, 'publicId' | 'provisionalSealed'>,
): string | null {
  if (!account.provisionalSealed) return null;
  return deps.sealer.open(account.provisionalSealed, provisionalContext(account.publicId));
}

/**
 * End of life of the provisional password: 3 months (`PROVISIONAL_VALID_DAYS`) after the later of the last
 * distribution and the password's own creation; null when there is none.
 */
export function provisionalExpiresAt(
  config: Pick<Deps['config'], 'PROVISIONAL_VALID_DAYS'>,
  account: Pick<Account, 'passwordKind' | 'distributedAt' | 'provisionalCreatedAt'>,
): Date | null {
  if (account.passwordKind !== 'provisional') return null;
  const start = Math.max(account.distributedAt?.getTime() ?? 0, account.provisionalCreatedAt?.getTime() ?? 0);
  return new Date(start + config.PROVISIONAL_VALID_DAYS * DAY_MS);
}

/** Whether the provisional password no longer lets anybody in; false when there is none. */
export function isProvisionalOver(
  config: Pick<Deps['config'], 'PROVISIONAL_VALID_DAYS'>,
  account: Pick<Account, 'passwordKind' | 'distributedAt' | 'provisionalCreatedAt'>,
  now: Date,
): boolean {
  const expiresAt = provisionalExpiresAt(config, account);
  return expiresAt !== null && expiresAt <= now;
}

/** For how long texts say that a provisional password is good. */
export const provisionalMonths = (config: Pick<Deps['config'], 'PROVISIONAL_VALID_DAYS'>): number =>
  Math.round(config.PROVISIONAL_VALID_DAYS / 30);
