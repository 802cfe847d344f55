import { AT } from './address.ts';
import { DELEGATIONS_ROUTES } from './delegations/routes.ts';
import { DISTRIBUTION_ROUTES } from './distribution/routes.ts';
import { FAMILIES_ROUTES } from './families/routes.ts';
import { FORCED_ROUTES } from './forced/routes.ts';
import { GUARDIANS_ROUTES } from './guardians/routes.ts';
import { HELP_ROUTES } from './help/routes.ts';
import { chooseSchool, showHome, showSchool, showTroubleshooting } from './home.ts';
import { LISTS_ROUTES } from './lists/routes.ts';
import { endSignIn, signInWithKey } from './sign-in.ts';
import { showSignedOut, signOut } from './sign-out.ts';
import { STATISTICS_ROUTES } from './statistics/routes.ts';
import type { AdminRoute } from './types.ts';

/** Every page of the staff with what it needs. Whatever concerns a school has it in its address. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: '/admin/retour', needs: 'nobody', handle: endSignIn },
  { method: 'get', path: '/admin/cle', needs: 'nobody', handle: signInWithKey },
  { method: 'post', path: '/admin/deconnexion', needs: 'nobody', handle: signOut },
  { method: 'get', path: '/admin/deconnecte', needs: 'nobody', handle: showSignedOut },

  { method: 'get', path: '/admin', needs: 'session', handle: showHome },
  {
    method: 'post',
    path: '/admin/etablissement',
    needs: 'session',
    handle: chooseSchool('administration'),
  },
  { method: 'get', path: '/admin/depannage', needs: 'session', handle: showTroubleshooting },
  {
    method: 'post',
    path: '/admin/depannage/etablissement',
    needs: 'session',
    handle: chooseSchool('troubleshooting'),
  },

  {
    method: 'get',
    path: AT,
    needs: { module: 'administration' },
    handle: showSchool,
  },

  ...GUARDIANS_ROUTES,
  ...DISTRIBUTION_ROUTES,
  ...LISTS_ROUTES,
  ...STATISTICS_ROUTES,
  ...FAMILIES_ROUTES,
  ...HELP_ROUTES,
  ...DELEGATIONS_ROUTES,
  ...FORCED_ROUTES,
];
