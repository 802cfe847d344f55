import type { AdminRoute } from '../types.ts';

/** The usual cases, the guide, the flyer for families (sections M and Q). */
export const HELP_ROUTES: readonly AdminRoute[] = [];
