import { ACCOUNT_ARRIVAL_PATH } from '../../enrolment/franceconnect-requests.ts';
import type { AccountRoute } from '../types.ts';
import { arrive, leave, showLink, unlink } from './link.ts';

/** FranceConnect is for guardians only. */
const kinds = ['guardian'] as const;

/** FranceConnect linked to an account, or taken away from it. */
export const FRANCECONNECT_ROUTES: readonly AccountRoute[] = [
  {
    method: 'get',
    path: '/compte/franceconnect',
    needs: 'proof',
    kinds,
    handle: (door, ctx, session) => showLink(door, ctx, session),
  },
  { method: 'post', path: '/compte/franceconnect/relier', needs: 'proof', kinds, handle: leave },
  { method: 'post', path: '/compte/franceconnect/retirer', needs: 'proof', kinds, handle: unlink },
  // The proof was fresh when he left; what came back is for that very session.
  { method: 'get', path: ACCOUNT_ARRIVAL_PATH, needs: 'session', kinds, handle: arrive },
];
