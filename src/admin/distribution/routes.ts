import type { AdminRoute } from '../types.ts';

/** Notify, reset, send the activation mail again (sections L, O and P). */
export const DISTRIBUTION_ROUTES: readonly AdminRoute[] = [];
