import Router from '@koa/router';
import type { RequestState } from '../http/context.ts';
import { protectForms } from '../http/csrf.ts';
import { showHome } from './home.ts';
import { sessionHash } from './session.ts';
import { comeFromLetter, endSignIn } from './sign-in.ts';
import { comeFromFranceConnect, showSignedOut, signOut } from './sign-out.ts';
import type { AccountDoor } from './types.ts';

/** « Mon compte »: the pages of a person's own account. */
export function accountRoutes(door: AccountDoor): Router<RequestState> {
  const router = new Router<RequestState>();
  router.get('/', (ctx) => showHome(door, ctx));
  router.get('/connexion', (ctx) => comeFromLetter(door, ctx));
  router.use(
    '/compte',
    protectForms(door.deps.config, (ctx) => ({ scope: 'session', id: sessionHash(door, ctx) })),
  );
  router.get('/compte/retour', (ctx) => endSignIn(door, ctx));
  router.post('/compte/deconnexion', (ctx) => signOut(door, ctx));
  router.get('/franceconnect/deconnexion', (ctx) => comeFromFranceConnect(door, ctx));
  router.get('/compte/deconnecte', (ctx) => showSignedOut(door, ctx));
  return router;
}
