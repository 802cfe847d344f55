import type { AdminRoute } from '../types.ts';
import { downloadTable } from './download.ts';
import { computeNow, showStatistics } from './show.ts';

const AT = '/admin/etablissements/:uai/statistiques';
const needs = { module: 'administration' } as const;

/** The statistics of a school (section R). */
export const STATISTICS_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: AT, needs, handle: showStatistics },
  { method: 'post', path: AT, needs, handle: computeNow },
  { method: 'get', path: `${AT}/tableau.csv`, needs, handle: downloadTable },
];
