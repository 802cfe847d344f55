import type { AccountRoute } from '../types.ts';
import { giveOptions, showAdd, takeAdd } from './add.ts';
import { showRemove, showRename, takeRemove, takeRename } from './change.ts';
import { showKeys } from './list.ts';
import { takeOffer } from './offer.ts';

/** « Clés d'accès », for guardians and pupils. */
export const PASSKEY_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: '/compte/cles', needs: 'session', handle: showKeys },
  {
    method: 'get',
    path: '/compte/cles/ajouter',
    needs: 'proof',
    handle: (door, ctx) => showAdd(door, ctx),
  },
  { method: 'post', path: '/compte/cles/ajouter', needs: 'proof', handle: takeAdd },
  { method: 'post', path: '/compte/cles/options', needs: 'proof', handle: giveOptions },
  { method: 'post', path: '/compte/cles/proposition', needs: 'session', handle: takeOffer },
  {
    method: 'get',
    path: '/compte/cles/:key/nom',
    needs: 'session',
    handle: (door, ctx, session) => showRename(door, ctx, session),
  },
  { method: 'post', path: '/compte/cles/:key/nom', needs: 'session', handle: takeRename },
  {
    method: 'get',
    path: '/compte/cles/:key/supprimer',
    needs: 'proof',
    handle: (door, ctx, session) => showRemove(door, ctx, session),
  },
  { method: 'post', path: '/compte/cles/:key/supprimer', needs: 'proof', handle: takeRemove },
];
