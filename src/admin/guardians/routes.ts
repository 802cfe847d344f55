import type { AdminRoute } from '../types.ts';

/** The list of the guardians' accounts and the page of one of them (sections K and Q). */
export const GUARDIANS_ROUTES: readonly AdminRoute[] = [];
