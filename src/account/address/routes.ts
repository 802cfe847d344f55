import type { AccountRoute } from '../types.ts';
import { cancel, resend, showAddress, takeAddress } from './change.ts';
import { showConfirm, showObject, takeConfirm, takeObject } from './links.ts';

/** « Modifier mon adresse », and the links that go to the new address and to the old one. */
export const ADDRESS_ROUTES: readonly AccountRoute[] = [
  {
    method: 'get',
    path: '/compte/adresse',
    needs: 'proof',
    handle: (door, ctx, session) => showAddress(door, ctx, session),
  },
  { method: 'post', path: '/compte/adresse', needs: 'proof', handle: takeAddress },
  { method: 'post', path: '/compte/adresse/renvoyer', needs: 'proof', handle: resend },
  { method: 'post', path: '/compte/adresse/annuler', needs: 'proof', handle: cancel },
  // Opened from a mailbox, on any device: the token stands for the person.
  { method: 'get', path: '/adresse/confirmer/:token', needs: 'nobody', handle: showConfirm },
  { method: 'post', path: '/adresse/confirmer/:token', needs: 'nobody', handle: takeConfirm },
  { method: 'get', path: '/adresse/contester/:token', needs: 'nobody', handle: showObject },
  { method: 'post', path: '/adresse/contester/:token', needs: 'nobody', handle: takeObject },
];
