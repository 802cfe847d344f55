import type { Account } from './types.ts';

/** Whether the password, which is right, only leads to the choice of another one (security.md 1.1). */
export const mustChange = ({
  passwordKind,
  mustChangeSince,
}: Pick<Account, 'passwordKind' | 'mustChangeSince'>): boolean =>
  passwordKind === 'personal' && mustChangeSince !== null;
