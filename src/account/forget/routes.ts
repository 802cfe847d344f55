import type { AccountRoute } from '../types.ts';
import { sendRequest, showAsked, showForget } from './forget.ts';

/** « Demander à être oublié »; pupils are minors, for whom their guardian and their school decide (docs/retention.md). */
export const FORGET_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: '/compte/oublier', needs: 'proof', kinds: ['guardian'], handle: showForget },
  {
    method: 'post',
    path: '/compte/oublier/confirmer',
    needs: 'proof',
    kinds: ['guardian'],
    handle: sendRequest,
  },
  { method: 'get', path: '/compte/oublier/fait', needs: 'nobody', handle: showAsked },
];
