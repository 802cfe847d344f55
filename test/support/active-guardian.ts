import { updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import type { Deps } from '../../src/deps.ts';
import { found } from './family.ts';
import { type SeedGuardian, seedGuardian } from './guardians.ts';

/** The personal password of `seedActive`. */
export const OLD_PASSWORD = 'tabouret5bleu';

/** A guardian whose account is « Activé », with a verified address and a personal password. */
export async function seedActive(
  deps: Deps,
  guardian: SeedGuardian = {},
  changes: Partial<Account> = {},
): Promise<Account> {
  const { account } = await seedGuardian(deps, guardian);
  const now = deps.clock.now();
  const personal = {
    state: 'activated',
    origin: 'school',
    activatedAt: now,
    email: `${account.identifier}@example.org`,
    emailVerifiedAt: now,
    passwordKind: 'personal',
    passwordHash: await deps.passwords.hash(OLD_PASSWORD),
  } as const;
  await updateAccount(deps.db, account.id, { ...personal, ...changes }, now);
  return found(deps, account.identifier);
}
