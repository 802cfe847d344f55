import type { AccountFrame } from '../pages.ts';

/** `account/franceconnect/link`: linked or not, and the button that changes it. */
export type FranceConnectLinkPage = {
  frame: AccountFrame;
  linkedAt: Date | null;
  /** False: FranceConnect is not configured. */
  available: boolean;
  linkAction: string;
  unlinkAction: string;
  /** Why it was refused. */
  problem:
    | 'last-way'
    | 'elsewhere'
    | 'linked'
    | 'cancelled'
    | 'refused'
    | 'unreachable'
    | 'late'
    | 'pending'
    | null;
  notice: 'linked' | 'unlinked' | 'nothing' | null;
  /** Where a password is chosen, for whom it is the last way in; null: there is no such page. */
  passwordHref: string | null;
  /** « Rattacher un enfant », for whom FranceConnect opens another account; null: there is no such page. */
  attachHref: string | null;
};
