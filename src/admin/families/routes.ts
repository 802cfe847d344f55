import type { AdminRoute } from '../types.ts';

/** Families in difficulty, quality of the data, relaunch, wrong attachments, journal. */
export const FAMILIES_ROUTES: readonly AdminRoute[] = [];
