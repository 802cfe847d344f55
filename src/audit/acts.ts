/**
 * What the staff of a school do that its journal tells: each event of the trail with the kind that it is of. A line
 * appears in the journal of the school that it names, also one whose event is not here (`other`).
 */
export const ACTS = {
  notify: 'notify',
  'notify-again': 'notify',
  reset: 'reset',
  // A guardian renewed his child's in « Mon compte ».
  'password-by-guardian': 'reset',
  'show-password': 'password',
  'view-password': 'password',
  'print-letter': 'print',
  'list-accounts': 'export',
  'list-pupils': 'export',
  'list-password': 'export',
  'export-data': 'export',
  'resend-activation': 'activation',
  'change-address': 'activation',
  'close-wrong-attachment': 'attachment',
  'reopen-wrong-attachment': 'attachment',
  'force-change-asked': 'forced',
  'force-change': 'forced',
  'force-change-lifted': 'forced',
  delegate: 'delegation',
  'prolong-delegation': 'delegation',
  'end-delegation': 'delegation',
} as const satisfies Record<string, string>;

export const ACT_KINDS = [
  'notify',
  'reset',
  'password',
  'print',
  'export',
  'activation',
  'attachment',
  'forced',
  'delegation',
  'other',
] as const;
export type ActKind = (typeof ACT_KINDS)[number];

/** By which somebody has seen a provisional password, or may have. */
export const SHOWS_PASSWORDS: readonly ActKind[] = ['notify', 'reset', 'password', 'print', 'export'];

export function kindOf(event: string): ActKind {
  return Object.hasOwn(ACTS, event) ? ACTS[event as keyof typeof ACTS] : 'other';
}

/** The events of a kind; of `other` those that it does not have. */
export function eventsOf(kind: ActKind): { events: string[]; without: boolean } {
  const events = Object.entries(ACTS).filter(([, of]) => kind === 'other' || of === kind);
  return { events: events.map(([event]) => event), without: kind === 'other' };
}
