import type { StaffSchool } from '../../staff/types.ts';
import type { AdminDoor } from '../types.ts';

export const GUIDE_PATH = '/admin/guide.pdf';
const AT = '/admin/etablissements/:uai';

/** « Guide complet »: ours, unless the configuration names another. */
export const guideHref = ({ deps }: Pick<AdminDoor, 'deps'>): string =>
  deps.config.STAFF_GUIDE_URL ?? GUIDE_PATH;

/** The pages of help of a school; whose route is not there is null. */
export function helpAddresses({ paths }: AdminDoor, school: StaffSchool) {
  const at = (path: string, query = '') =>
    paths.has(AT + path) ? `/admin/etablissements/${school.uai}${path}${query}` : null;
  return {
    help: `/admin/etablissements/${school.uai}/aide`,
    message: `/admin/etablissements/${school.uai}/aide/message`,
    messageText: `/admin/etablissements/${school.uai}/aide/message.txt`,
    flyer: `/admin/etablissements/${school.uai}/depliant.pdf`,
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
