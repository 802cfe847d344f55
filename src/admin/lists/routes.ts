import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { downloadList } from './download.ts';

/** They tell passwords, so the portal is asked again what this person may do. */
const needs = { module: 'administration', sensitive: true } as const;

/** The lists to print or to open in a spreadsheet (section N). */
export const LISTS_ROUTES: readonly AdminRoute[] = [
  { method: 'post', path: `${AT}/responsables/liste.pdf`, needs, handle: downloadList('pdf') },
  { method: 'post', path: `${AT}/responsables/liste.csv`, needs, handle: downloadList('csv') },
  {
    method: 'post',
    path: `${AT}/responsables/liste-par-classe.pdf`,
    needs,
    handle: downloadList('hand-out'),
  },
];
