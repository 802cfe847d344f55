import { type Waiting, waitingAt } from '../../assistance/waiting.ts';
import type { StaffSchool } from '../../staff/types.ts';
import type { HelpLink } from '../pages.ts';
import type { AdminDoor } from '../types.ts';
import { HELP_PAGES, type HelpPage, helpHref } from './address.ts';

/**
 * « Aider les familles »: the row of links of « Accueil », of « Responsables » and of these pages themselves, with
 * how much waits there. One statement.
 */
export async function helpLinks(
  { deps }: Pick<AdminDoor, 'deps'>,
  school: StaffSchool,
  current: HelpPage | null = null,
): Promise<HelpLink[]> {
  const waiting = await waitingAt(deps, school.id);
  return (Object.keys(HELP_PAGES) as HelpPage[]).map((key) => ({
    key,
    href: helpHref(school, key),
    count: countOf(key, waiting),
    current: key === current,
  }));
}

function countOf(page: HelpPage, { attachments, failed }: Waiting): number | null {
  const count = { families: failed, attachments, quality: 0, relaunch: 0, journal: 0 }[page];
  return count > 0 ? count : null;
}
