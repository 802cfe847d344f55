import type { AccountOrigin, AccountState } from '../accounts/types.ts';
import type { AccountsOf } from './types.ts';

/** What tables, pictures and files say, to the letter where the guides fix it. */

export type TableKey = 'structure' | 'class' | 'level' | 'mef' | 'origin' | 'progress';

const OF: Record<AccountsOf, string> = { guardians: 'responsables', pupils: 'élèves' };

const TITLES: Record<TableKey, string> = {
  structure: 'de la structure',
  class: 'par classe',
  level: 'par niveau',
  mef: 'de la structure par MEF',
  origin: 'de la structure par origine',
  progress: 'de la structure par semaine',
};

export const tableTitle = (key: TableKey, of: AccountsOf): string =>
  `Synthèse des comptes ${OF[of]} ${TITLES[key]}`;

/** Headings of the columns before the numbers. */
export const LABEL_COLUMNS: Record<TableKey, string[]> = {
  structure: [],
  class: ['Classe'],
  level: ['Niveau'],
  mef: ['MEF', 'Origine de Compte'],
  origin: ['Origine du compte'],
  progress: ['Semaine du'],
};

export const countColumns = (of: AccountsOf): string[] => [
  `Nombre de comptes ${OF[of]}`,
  'Nombre de comptes non notifiés',
  'Nombre de comptes notifiés et non activés',
  "Nombre de comptes en cours d'activation",
  'Nombre de comptes activés',
];

export const ACCOUNTS_PERCENT: Record<AccountsOf, string> = {
  guardians: '% de comptes resp. avec un compte activé',
  pupils: '% de comptes élèves avec un compte activé',
};
export const PUPILS_PERCENT = "% d'élèves ayant au moins un resp. avec un compte activé";

const PLACES: Partial<Record<TableKey, string>> = { class: 'par classe', level: 'par niveau' };

/** @param totals of the tables whose rows may count a guardian more than once */
export const noteOnTotals = (
  accounts: number,
  totals: readonly { key: TableKey; accounts: number }[],
): string => {
  const each = totals.map((total) => `${total.accounts} ${PLACES[total.key] ?? ''}`).join(', ');
  return (
    'La synthèse de la structure compte chaque responsable une seule fois. Les détails le comptent une fois dans ' +
    'chaque classe et dans chaque niveau où il a un enfant : il est donc normal que leurs totaux soient différents ' +
    `(${accounts} pour la structure, ${each}).`
  );
};

export const TOTAL = 'Total';
/** For pupils of whom the directory does not say it. */
export const NOT_SAID = 'Non renseigné';

/** X12: the two degrees spell the last one differently. */
export const ORIGIN_LABELS: Record<AccountOrigin, Record<1 | 2, string>> = {
  school: { 1: 'Établissement', 2: 'Établissement' },
  guardian: { 1: 'Responsable', 2: 'Responsable' },
  franceconnect: { 1: 'FranceConnect', 2: 'FranceConnect' },
  none: { 1: 'Non renseigné', 2: 'Non renseignée' },
};

/** Of one account, for keys of pictures. */
export const STATE_LABELS: Record<AccountState, string> = {
  not_notified: 'Non notifié',
  notified: 'Notifié et non activé',
  activating: "En cours d'activation",
  activated: 'Activé',
};

/** « 3 en cours d'activation ». */
const STATE_NOUNS: Record<AccountState, [one: string, many: string]> = {
  not_notified: ['non notifié', 'non notifiés'],
  notified: ['notifié et non activé', 'notifiés et non activés'],
  activating: ["en cours d'activation", "en cours d'activation"],
  activated: ['activé', 'activés'],
};

export function counted(count: number, state: AccountState): string {
  // French: none is one.
  return `${count} ${STATE_NOUNS[state][count > 1 ? 1 : 0]}`;
}

export const accountsWord = (count: number): string => `${count} ${count > 1 ? 'comptes' : 'compte'}`;
