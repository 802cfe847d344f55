import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { nameDelegate, prolongOne, showDelegations, withdrawOne } from './delegations.ts';

const needs = { module: 'administration', head: true } as const;
const sensitive = { ...needs, sensitive: true } as const;

/** « Droits délégués »: of the head, with his key in the 2nd degree. */
export const DELEGATIONS_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: `${AT}/delegations`, needs, handle: showDelegations },
  { method: 'post', path: `${AT}/delegations`, needs: sensitive, handle: nameDelegate },
  { method: 'post', path: `${AT}/delegations/:delegation/prolonger`, needs: sensitive, handle: prolongOne },
  { method: 'post', path: `${AT}/delegations/:delegation/retirer`, needs: sensitive, handle: withdrawOne },
];
