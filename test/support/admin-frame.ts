import type { AdminFrame, HelpLink, TabKey } from '../../src/admin/pages.ts';

/** Header and tabs of a page of the staff, of a school of the guides. */
export function adminFrame(current: TabKey): AdminFrame {
  const at = '/admin/etablissements/0311478N';
  const tabs: [TabKey, string][] = [
    ['home', '/admin'],
    ['guardians', `${at}/responsables`],
    ['statistics', `${at}/statistiques`],
  ];
  return {
    module: 'administration',
    homeHref: '/admin',
    user: 'Paul DIRECTEUR',
    school: '0311478N E.E.PR-SAINTE-FAMILLE DES MINIMES-ac-TOULOUSE TOULOUSE',
    tabs: tabs.map(([key, href]) => ({ key, href, current: key === current })),
    signOut: { action: '/admin/deconnexion', csrf: 'jeton' },
  };
}

/** « Aider les familles » of the same school. */
export function helpLinks(current: HelpLink['key'] | null = null): HelpLink[] {
  const at = '/admin/etablissements/0311478N';
  const links: [HelpLink['key'], string, number | null][] = [
    ['families', 'familles', 12],
    ['quality', 'qualite', null],
    ['relaunch', 'relance', null],
    ['attachments', 'rattachements', 1],
    ['journal', 'journal', null],
  ];
  return links.map(([key, page, count]) => ({
    key,
    href: `${at}/${page}`,
    count,
    current: key === current,
  }));
}
