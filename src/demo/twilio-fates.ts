/** What becomes of an SMS at the sample carrier. */
export type Fate =
  | { kind: 'refused'; status: number; code: number; message: string; headers?: Record<string, string> }
  /** No answer, and nothing leaves. */
  | { kind: 'swallowed' }
  /** `unanswered`: it leaves, and its sender never learns it but by the reports. */
  | { kind: 'taken' | 'unanswered'; statuses: readonly string[]; errorCode: number | null };

export type Mishap = {
  /** The last three figures of a number of the range +33 6 39 98 9x xx, and the name in the form of the outbox. */
  figures: string;
  label: string;
  fate: Fate;
};

/** All that can go wrong: for the numbers that end so, or for all as long as the outbox's page says so. */
export const MISHAPS: readonly Mishap[] = [
  refused('211', 400, 21211, "Invalid 'To' Phone Number", 'numéro non valide'),
  refused('408', 400, 21408, 'Permission to send has not been enabled for the region', 'région non permise'),
  refused('610', 400, 21610, 'Attempt to send to unsubscribed recipient', 'destinataire désabonné'),
  refused('614', 400, 21614, "'To' number is not a valid mobile number", 'pas un mobile'),
  refused('635', 400, 21635, "'To' number cannot be a landline", 'ligne fixe'),
  refused('401', 401, 20003, 'Authenticate', 'identifiants refusés'),
  refused('429', 429, 20429, 'Too Many Requests', 'trop de demandes', { 'retry-after': '3' }),
  refused('500', 500, 20500, 'Internal Server Error', 'panne'),
  undelivered('003', 30003, 'téléphone injoignable'),
  undelivered('005', 30005, 'destination inconnue'),
  undelivered('006', 30006, 'ligne fixe ou opérateur injoignable'),
  { figures: '504', label: 'pas de réponse, rien ne part', fate: { kind: 'swallowed' } },
  { figures: '505', label: 'pas de réponse, mais le SMS part', fate: { ...delivered(), kind: 'unanswered' } },
];

const MAGIC = '+33639989';

/** @param decided figures of a mishap that all numbers meet now; others are delivered theirs */
export function fateOf(to: string, decided: string | null = null): Fate {
  const figures = to.startsWith(MAGIC) ? to.slice(MAGIC.length) : null;
  const mishap =
    MISHAPS.find((one) => one.figures === figures) ?? MISHAPS.find((one) => one.figures === decided);
  return mishap?.fate ?? delivered();
}

function delivered(): Extract<Fate, { statuses: unknown }> {
  return { kind: 'taken', statuses: ['queued', 'sent', 'delivered'], errorCode: null };
}

function refused(
  figures: string,
  status: number,
  code: number,
  message: string,
  words: string,
  headers: Record<string, string> = {},
): Mishap {
  return { figures, label: `${code} : ${words}`, fate: { kind: 'refused', status, code, message, headers } };
}

function undelivered(figures: string, errorCode: number, words: string): Mishap {
  const fate: Fate = { kind: 'taken', statuses: ['queued', 'sent', 'undelivered'], errorCode };
  return { figures, label: `${errorCode} : ${words} (après envoi)`, fate };
}
