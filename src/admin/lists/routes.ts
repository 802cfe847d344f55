import type { AdminRoute } from '../types.ts';

/** The lists to print or to open in a spreadsheet (section N). */
export const LISTS_ROUTES: readonly AdminRoute[] = [];
