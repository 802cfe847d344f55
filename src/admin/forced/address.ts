import type { StaffSchool } from '../../staff/types.ts';
import { atSchool } from '../address.ts';

/** « Mots de passe à changer » of a school. @param change the progress of one forced change */
export const forcedHref = (school: Pick<StaffSchool, 'uai'>, change?: string): string =>
  `${atSchool(school)}/mots-de-passe-a-changer${change === undefined ? '' : `/${change}`}`;
