import { z } from 'zod';
import type { GuardianFilters, GuardianSort } from '../../accounts/guardian-filters.ts';
import type { AccountOrigin, AccountState } from '../../accounts/types.ts';
import { SOON_DAYS } from '../../assistance/relaunch.ts';
import type { Deps } from '../../deps.ts';
import type { Context } from '../../http/context.ts';
import { fields } from '../../http/form.ts';

/** What the list is asked for, in its address and in the hidden fields of its forms alike. */

/** Fields of the staff's forms that may come more than once. */
export const LISTED_FIELDS: ReadonlySet<string> = new Set(['account', 'class', 'mef', 'state', 'origin']);

export const STATES = ['not_notified', 'notified', 'activating', 'activated'] as const;
export const ORIGINS = ['school', 'guardian', 'franceconnect', 'none'] as const;
const SORTS = [
  'pupil',
  'class',
  'mef',
  'guardian',
  'identifier',
  'email',
  'origin',
  'state',
  'distributed',
  'login',
] as const satisfies readonly GuardianSort[];

const DAY_MS = 86_400_000;
const MOST_VALUES = 300;
const MOST_TEXT = 200;

export type GuardianSearch = {
  text: string;
  classIds: number[];
  mefCodes: string[];
  states: AccountState[];
  email: 'with' | 'without' | null;
  origins: AccountOrigin[];
  expires: boolean;
  sort: GuardianSort;
  descending: boolean;
  /** From 1. */
  page: number;
};

/** Criteria: an address that has none of them has not been searched. */
const CRITERIA = ['q', 'class', 'mef', 'state', 'email', 'origin', 'expires'];

/** Where the fields are read from. */
type Source = { all(name: string): readonly string[] };

export const ofAddress = (ctx: Context): Source => {
  const query = new URLSearchParams(ctx.querystring);
  return { all: (name) => query.getAll(name) };
};

export const ofForm = (ctx: Context): Source => ({
  all: (name) => {
    if (LISTED_FIELDS.has(name)) return fields(ctx, name);
    const value = ctx.state.form?.get(name);
    return value === undefined ? [] : [value];
  },
});

const known = <Value extends string>(values: readonly [Value, ...Value[]], typed: readonly string[]) => {
  const one = z.enum(values);
  return [...new Set(typed)].flatMap((text) => one.safeParse(text).data ?? []) as Value[];
};
const whole = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number)
  .catch(0);

/** @returns null when the address has no criteria. What cannot be one is left out; an odd class is one of nobody's. */
export function readSearch({ all }: Source): GuardianSearch | null {
  if (!CRITERIA.some((name) => all(name).length > 0)) return null;
  return {
    text: (all('q')[0] ?? '').replaceAll('\0', '').slice(0, MOST_TEXT),
    classIds: [...new Set(all('class').filter(Boolean).slice(0, MOST_VALUES))].map((id) => whole.parse(id)),
    mefCodes: [...new Set(all('mef').slice(0, MOST_VALUES))].filter((code) => /^\w{1,11}$/.test(code)),
    states: known(STATES, all('state')),
    email: known(['with', 'without'], all('email'))[0] ?? null,
    origins: known(ORIGINS, all('origin')),
    expires: all('expires')[0] === String(SOON_DAYS),
    sort: known(SORTS, all('sort'))[0] ?? 'pupil',
    descending: all('dir')[0] === 'desc',
    page: Math.max(1, whole.parse(all('page')[0] ?? '1')),
  };
}

export type SearchField = { name: string; value: string };

/** The criteria as fields; `q` is always there, so that a search for all is one too. */
export function criteriaFields(
  search: Pick<GuardianSearch, 'text' | 'email' | 'expires'> &
    Pick<GuardianFilters, 'classIds' | 'mefCodes' | 'states' | 'origins'>,
): SearchField[] {
  const many = (name: string, values: readonly (string | number)[]) =>
    values.map((value) => ({ name, value: String(value) }));
  return [
    { name: 'q', value: search.text },
    ...many('class', search.classIds),
    ...many('mef', search.mefCodes),
    ...many('state', search.states),
    ...(search.email === null ? [] : [{ name: 'email', value: search.email }]),
    ...many('origin', search.origins),
    ...(search.expires ? [{ name: 'expires', value: String(SOON_DAYS) }] : []),
  ];
}

/** The whole search as fields: criteria, order, page where it is not the first. */
export function searchFields(search: GuardianSearch): SearchField[] {
  const { sort, descending, page } = search;
  return [
    ...criteriaFields(search),
    ...(sort === 'pupil' ? [] : [{ name: 'sort', value: sort }]),
    ...(descending ? [{ name: 'dir', value: 'desc' }] : []),
    ...(page === 1 ? [] : [{ name: 'page', value: String(page) }]),
  ];
}

/** `?q=...`; empty when nothing was searched. */
export function searchQuery(search: GuardianSearch | null): string {
  if (search === null) return '';
  const query = new URLSearchParams();
  for (const { name, value } of searchFields(search)) query.append(name, value);
  return `?${query}`;
}

/**
 * `?q=...` of the list's search that the address of an account's page or of one of its actions carries, on the first
 * page; empty when there is none.
 */
export function carriedQuery(ctx: Context): string {
  const search = readSearch(ofAddress(ctx));
  return searchQuery(search && { ...search, page: 1 });
}

/** The same of a form's hidden fields, on the page where the list stood. */
export const formQuery = (ctx: Context): string => searchQuery(readSearch(ofForm(ctx)));

/** What the room searches by. */
export function filtersOf(
  { clock, config }: Pick<Deps, 'clock' | 'config'>,
  search: GuardianSearch,
): GuardianFilters {
  const { text, classIds, mefCodes, states, email, origins, expires } = search;
  const sinceMs = (config.PROVISIONAL_VALID_DAYS - SOON_DAYS) * DAY_MS;
  const providedBefore = expires ? new Date(clock.now().getTime() - sinceMs) : null;
  return { text, classIds, mefCodes, states, email, origins, providedBefore, withoutSettled: false };
}
