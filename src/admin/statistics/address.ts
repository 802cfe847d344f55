import type { StaffSchool } from '../../staff/types.ts';
import type { Table } from '../../statistics/tables.ts';
import type { AccountsOf } from '../../statistics/types.ts';
import { atSchool } from '../address.ts';

const PUPILS = 'eleves';

/** Names of the tables in addresses. */
const TABLES: Record<string, Table['key']> = {
  structure: 'structure',
  classes: 'class',
  niveaux: 'level',
  mef: 'mef',
  origines: 'origin',
  semaines: 'progress',
};

/** Whose accounts: pupils have some in the second degree only. */
export function kindAsked(school: StaffSchool, asked: unknown): AccountsOf {
  return asked === PUPILS && school.degree === 2 ? 'pupils' : 'guardians';
}

export function tableAsked(asked: unknown): Table['key'] | null {
  return typeof asked === 'string' && Object.hasOwn(TABLES, asked) ? (TABLES[asked] ?? null) : null;
}

/** Where the statistics of a school are shown. @param more further parts of the query */
export function addressOf(
  school: StaffSchool,
  of: AccountsOf = 'guardians',
  more: Record<string, string> = {},
): string {
  return withQuery(`${atSchool(school)}/statistiques`, { ...kindQuery(of), ...more });
}

export function csvAddress(school: StaffSchool, key: Table['key'], of: AccountsOf): string {
  const [tableau = ''] = Object.entries(TABLES).find(([, known]) => known === key) ?? [];
  return withQuery(`${atSchool(school)}/statistiques/tableau.csv`, {
    tableau,
    ...kindQuery(of),
  });
}

const kindQuery = (of: AccountsOf): Record<string, string> => (of === 'pupils' ? { comptes: PUPILS } : {});

function withQuery(path: string, query: Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
}
