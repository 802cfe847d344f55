import type { StaffSchool } from '../staff/types.ts';

/** Where all pages of a school are, as the router has it. */
export const AT = '/admin/etablissements/:uai';

/** The same of one school; what follows names the page. */
export const atSchool = ({ uai }: Pick<StaffSchool, 'uai'>): string => AT.replace(':uai', uai);
