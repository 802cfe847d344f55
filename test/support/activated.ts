import { updateAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import type { Deps } from '../../src/deps.ts';
import { type Family, found, seedFamily } from './family.ts';

/** A guardian whose account is « Activé » with this personal password. */
export async function seedActivated(deps: Deps, family: Family, password: string): Promise<Account> {
  const account = await seedFamily(deps, family);
  const now = deps.clock.now();
  const changes = {
    state: 'activated',
    origin: 'school',
    activatedAt: now,
    email: `${family.identifier}@example.org`,
    emailVerifiedAt: now,
    passwordKind: 'personal',
    passwordHash: await deps.passwords.hash(password),
    provisionalSealed: null,
    provisionalCreatedAt: null,
  } as const;
  await updateAccount(deps.db, account.id, changes, now);
  return found(deps, family.identifier);
}
