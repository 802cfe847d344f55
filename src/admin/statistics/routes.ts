import type { AdminRoute } from '../types.ts';

/** The statistics of a school (section R). */
export const STATISTICS_ROUTES: readonly AdminRoute[] = [];
