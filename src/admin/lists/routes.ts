import { accountsAt, GUARDIANS, type Population, PUPILS } from '../address.ts';
import { sensitiveOf } from '../distribution/routes.ts';
import type { AdminRoute } from '../types.ts';
import { downloadList } from './download.ts';

/** They tell passwords, so the portal is asked again what this person may do. */
function listsOf(population: Population): AdminRoute[] {
  const { list } = accountsAt(population);
  const needs = sensitiveOf(population);
  return [
    { method: 'post', path: `${list}/liste.pdf`, needs, handle: downloadList('pdf') },
    { method: 'post', path: `${list}/liste.csv`, needs, handle: downloadList('csv') },
    { method: 'post', path: `${list}/liste-par-classe.pdf`, needs, handle: downloadList('hand-out') },
  ];
}

/** The lists to print or to open in a spreadsheet (section N). */
export const LISTS_ROUTES: readonly AdminRoute[] = [...listsOf(GUARDIANS), ...listsOf(PUPILS)];
