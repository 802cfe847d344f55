import { groupBy } from '../db/rows.ts';
import type { Child, Recipient } from './notify-store.ts';

const collator = new Intl.Collator('fr', { numeric: true });

/**
 * One recipient an account, the first by class and pupil; the map keeps that order, in which sheets are handed out
 * (R-141).
 */
export function inOrder(recipients: readonly Recipient[]): Map<number, Recipient> {
  const sorted = [...recipients].sort(
    (a, b) =>
      collator.compare(a.classLabel ?? '', b.classLabel ?? '') ||
      collator.compare(a.pupilFamilyName, b.pupilFamilyName) ||
      collator.compare(a.pupilGivenName, b.pupilGivenName) ||
      a.accountId - b.accountId,
  );
  const first = new Map<number, Recipient>();
  for (const recipient of sorted) {
    if (!first.has(recipient.accountId)) first.set(recipient.accountId, recipient);
  }
  return first;
}

export const byAccount = (children: readonly Child[]): Map<number, Child[]> =>
  groupBy(children, ({ accountId }) => accountId);
