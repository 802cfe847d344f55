import type { AccountKind } from '../../accounts/types.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { atSchool, pathsOf } from '../address.ts';

/** The pages that help families, by the last part of their address below the school's. */
export const HELP_PAGES = {
  families: 'familles',
  quality: 'qualite',
  relaunch: 'relance',
  attachments: 'rattachements',
  journal: 'journal',
} as const;
export type HelpPage = keyof typeof HELP_PAGES;

/** Where a page of this school is. @param query what is empty or null is left out */
export function helpHref(
  school: Pick<StaffSchool, 'uai'>,
  page: HelpPage,
  query: Readonly<Record<string, string | number | null>> = {},
): string {
  const asked = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === null || value === '' ? [] : [[name, String(value)]],
  );
  const search = asked.length === 0 ? '' : `?${new URLSearchParams(asked)}`;
  return `${atSchool(school)}/${HELP_PAGES[page]}${search}`;
}

export const accountHref = (
  school: Pick<StaffSchool, 'uai'>,
  publicId: string,
  of: AccountKind = 'guardian',
) => pathsOf({ school, module: 'administration', of }).account(publicId);
