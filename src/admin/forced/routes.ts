import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { confirmForced, showForced } from './ask.ts';
import { showProgress } from './progress.ts';

const needs = { module: 'administration', head: true } as const;

/** « Mots de passe à changer »: of the head, with his key in the 2nd degree. */
export const FORCED_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: `${AT}/mots-de-passe-a-changer`, needs, handle: showForced },
  {
    method: 'post',
    path: `${AT}/mots-de-passe-a-changer`,
    needs: { ...needs, sensitive: true },
    handle: confirmForced,
  },
  { method: 'get', path: `${AT}/mots-de-passe-a-changer/:change`, needs, handle: showProgress },
];
