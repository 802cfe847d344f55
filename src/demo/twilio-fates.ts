/**
 * What becomes of an SMS, by its number: +33 6 39 98 9x xx, the last figures of the range kept for fiction, stand for
 * what can go wrong. All other numbers receive theirs.
 */
export type Fate =
  | { kind: 'refused'; status: number; code: number; message: string; headers?: Record<string, string> }
  /** No answer, and nothing leaves. */
  | { kind: 'swallowed' }
  /** `unanswered`: it leaves, and its sender never learns it but by the reports. */
  | { kind: 'taken' | 'unanswered'; statuses: readonly string[]; errorCode: number | null };

const MAGIC = '+33639989';
const DELIVERED = ['queued', 'sent', 'delivered'] as const;

const FATES: Record<string, Fate> = {
  '211': refused(400, 21211, "Invalid 'To' Phone Number"),
  '408': refused(400, 21408, 'Permission to send an SMS has not been enabled for the region'),
  '610': refused(400, 21610, 'Attempt to send to unsubscribed recipient'),
  '614': refused(400, 21614, "'To' number is not a valid mobile number"),
  '635': refused(400, 21635, "'To' number cannot be a landline"),
  '401': refused(401, 20003, 'Authenticate'),
  '429': { ...refused(429, 20429, 'Too Many Requests'), headers: { 'retry-after': '3' } },
  '500': refused(500, 20500, 'Internal Server Error'),
  '003': undelivered(30003),
  '005': undelivered(30005),
  '006': undelivered(30006),
  '504': { kind: 'swallowed' },
  '505': { kind: 'unanswered', statuses: DELIVERED, errorCode: null },
};

export function fateOf(to: string): Fate {
  const magic = to.startsWith(MAGIC) ? FATES[to.slice(MAGIC.length)] : undefined;
  return magic ?? { kind: 'taken', statuses: DELIVERED, errorCode: null };
}

function refused(status: number, code: number, message: string): Extract<Fate, { kind: 'refused' }> {
  return { kind: 'refused', status, code, message };
}

function undelivered(errorCode: number): Fate {
  return { kind: 'taken', statuses: ['queued', 'sent', 'undelivered'], errorCode };
}
