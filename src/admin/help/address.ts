import type { StaffSchool } from '../../staff/types.ts';
import { AT, atSchool } from '../address.ts';
import type { AdminDoor } from '../types.ts';

export const GUIDE_PATH = '/admin/guide.pdf';

/** « Guide complet »: ours, unless the configuration names another. */
export const guideHref = ({ deps }: Pick<AdminDoor, 'deps'>): string =>
  deps.config.STAFF_GUIDE_URL ?? GUIDE_PATH;

/** The pages of help of a school; whose route is not there is null. */
export function helpAddresses({ paths }: AdminDoor, school: StaffSchool) {
  const here = atSchool(school);
  const at = (path: string, query = '') => (paths.has(AT + path) ? `${here}${path}${query}` : null);
  return {
    help: `${here}/aide`,
    message: `${here}/aide/message`,
    messageText: `${here}/aide/message.txt`,
    flyer: `${here}/depliant.pdf`,
    statistics: at('/statistiques'),
    families: at('/familles'),
    quality: at('/qualite'),
    relaunch: at('/relance'),
    relaunchActivation: at('/relance', '?groupe=activation'),
    attachments: at('/rattachements'),
    handOut: at('/responsables/liste-par-classe.pdf'),
    /** The list with these criteria, as in its own address. */
    guardians: (criteria = '') => at('/responsables', criteria === '' ? '' : `?q=&${criteria}`),
  };
}
