import { ADDRESS_ROUTES } from './address/routes.ts';
import { CHILDREN_ROUTES } from './children/routes.ts';
import { DATA_ROUTES } from './data.ts';
import { FORGET_ROUTES } from './forget/routes.ts';
import { FRANCECONNECT_ROUTES } from './franceconnect/routes.ts';
import { HISTORY_ROUTES } from './history.ts';
import { showHome } from './home.ts';
import { LANGUAGE_ROUTES } from './language.ts';
import { PASSKEY_ROUTES } from './passkeys/routes.ts';
import { PASSWORD_ROUTES } from './password.ts';
import { REGROUP_ROUTES } from './regroup/routes.ts';
import { SESSIONS_ROUTES } from './sessions.ts';
import { comeFromLetter, endSignIn } from './sign-in.ts';
import { comeFromFranceConnect, showSignedOut, signOut } from './sign-out.ts';
import type { AccountRoute } from './types.ts';

/** Every page of « Mon compte » with what it needs; each subject brings its own list. */
export const ACCOUNT_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: '/connexion', needs: 'nobody', handle: comeFromLetter },
  { method: 'get', path: '/compte/retour', needs: 'nobody', handle: endSignIn },
  { method: 'post', path: '/compte/deconnexion', needs: 'nobody', handle: signOut },
  { method: 'get', path: '/franceconnect/deconnexion', needs: 'nobody', handle: comeFromFranceConnect },
  { method: 'get', path: '/compte/deconnecte', needs: 'nobody', handle: showSignedOut },

  { method: 'get', path: '/', needs: 'session', handle: showHome },
  ...PASSWORD_ROUTES,
  ...FORGET_ROUTES,
  ...REGROUP_ROUTES,
  ...CHILDREN_ROUTES,
  ...HISTORY_ROUTES,
  ...SESSIONS_ROUTES,
  ...LANGUAGE_ROUTES,
  ...DATA_ROUTES,
  ...ADDRESS_ROUTES,
  ...FRANCECONNECT_ROUTES,
  ...PASSKEY_ROUTES,
];
