import type { AccountKind } from '../../accounts/types.ts';
import { openProvisional } from '../../credentials/provisional.ts';
import type { Deps } from '../../deps.ts';
import { fileStamp, momentInParis } from '../../files/moment.ts';
import type { ListRow } from './types.ts';

/** What lists say, to the letter where the guides fix it. */

export const CSV_COLUMNS = [
  'RNE',
  'Ecole',
  "Nom de l'élève",
  "Prénom de l'élève",
  "Niveau de l'élève",
  "Classe de l'élève",
  'Nom du responsable',
  'Prénom du responsable',
  'Identifiant',
  'Mot de passe',
];

/** The list of pupils has the words of the second degree, where alone it is. */
export const PUPIL_CSV_COLUMNS = [
  'RNE',
  'Établissement',
  "Nom de l'élève",
  "Prénom de l'élève",
  "MEF de l'élève",
  "Classe de l'élève",
  'Identifiant',
  'Mot de passe',
];

/** */
const PASSWORD_NOTES: Record<AccountKind, string> = {
  guardian:
    '* Seuls les mots de passe provisoires sont affichés, le mot de passe choisi par le responsable lors de ' +
    "l'activation de son compte est masqué.",
  pupil:
    "* Seuls les mots de passe provisoires sont affichés, le mot de passe choisi par l'élève lors de " +
    "l'activation de son compte est masqué.",
};
export const passwordNote = (of: AccountKind) => PASSWORD_NOTES[of];

/** What heads the list. */
export const listTitle = (of: AccountKind) =>
  of === 'pupil' ? 'Liste des élèves' : 'Liste des responsables';

/**
 * none before the account is notified, the provisional one in clear, that of the person masked. An account
 * that only knows FranceConnect has none.
 */
export function shownPassword(deps: Pick<Deps, 'sealer'>, row: ListRow): string {
  if (row.state === 'not_notified') return '';
  if (row.passwordKind === 'provisional') return openProvisional(deps, row) ?? '';
  return row.passwordKind === 'personal' ? '*****' : 'Aucun (FranceConnect)';
}

/** What the directory may write in short. */
const LEVELS: Record<string, string> = {
  TPS: 'Toute petite section',
  PS: 'Petite section',
  MS: 'Moyenne section',
  GS: 'Grande section',
  CP: 'Cours préparatoire',
  CE1: 'Cours élémentaire 1',
  CE2: 'Cours élémentaire 2',
  CM1: 'Cours moyen 1',
  CM2: 'Cours moyen 2',
};

/** « Moyenne section »; empty when the directory does not say. */
export const longLevel = ({ level }: Pick<ListRow, 'level'>): string =>
  level === null ? '' : (LEVELS[level.trim().toUpperCase()] ?? level);

/** « Educonnect-ListeResponsables-20180906103015.csv », in the time of Paris. */
export function listFileName(at: Date, extension: 'pdf' | 'csv', of: AccountKind = 'guardian'): string {
  return `Educonnect-Liste${of === 'pupil' ? 'Eleves' : 'Responsables'}-${fileStamp(at)}.${extension}`;
}

/** « 06/09/2018 » */
export function creationDay(at: Date): string {
  const { day, month, year } = momentInParis(at);
  return `${day}/${month}/${year}`;
}
