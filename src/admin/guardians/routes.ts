import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { showAccount } from './account.ts';
import { showGuardians } from './list.ts';

/** The list of the guardians' accounts and the page of one of them (sections K and Q). */
export const GUARDIANS_ROUTES: readonly AdminRoute[] = [
  {
    method: 'get',
    path: `${AT}/responsables`,
    needs: { module: 'administration' },
    handle: showGuardians,
  },
  {
    method: 'get',
    path: `${AT}/comptes/:account`,
    // It tells a provisional password: the portal is asked again (security.md 1.6).
    needs: { module: 'administration', sensitive: true },
    handle: showAccount,
  },
];
