import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { downloadTable } from './download.ts';
import { computeNow, showStatistics } from './show.ts';

const needs = { module: 'administration' } as const;

/** The statistics of a school (section R). */
export const STATISTICS_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: `${AT}/statistiques`, needs, handle: showStatistics },
  { method: 'post', path: `${AT}/statistiques`, needs, handle: computeNow },
  { method: 'get', path: `${AT}/statistiques/tableau.csv`, needs, handle: downloadTable },
];
