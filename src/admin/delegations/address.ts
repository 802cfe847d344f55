import type { StaffSchool } from '../../staff/types.ts';
import { atSchool } from '../address.ts';

/** « Droits délégués » of a school. @param done what was just done, told once */
export const delegationsHref = (school: Pick<StaffSchool, 'uai'>, done?: string): string =>
  `${atSchool(school)}/delegations${done === undefined ? '' : `?fait=${done}`}`;
