import { createHmac } from 'node:crypto';
import { keyedDigest } from '../crypto/digests.ts';

/** A line of the trail as it is sealed. */
export type ChainLine = {
  id: number;
  at: Date;
  event: string;
  outcome: string;
  actorKind: string;
  actor: string | null;
  accountId: number | null;
  schoolId: number | null;
  ip: string | null;
  requestId: string | null;
  details: string | null;
};

/** Where a month's chain stands. */
export type Chain = {
  /** `YYYY-MM`, UTC. */
  month: string;
  /** The head of the latest older month when this one began; null: there was none. */
  beforeHead: string | null;
  seals: number;
  lines: number;
  /** Hash of its last seal. */
  head: string;
};

export const monthOf = (at: Date): string => at.toISOString().slice(0, 7);

/**
 * Who has the database alone cannot make these: the key is SUBJECT_SALT, the one secret that is never changed.
 * Everything that the line says, in one value of its own: what an erasure takes from a line (erase-store.ts) can then
 * be missing although the chain, which holds this value, stays as it was.
 */
export function lineMac(salt: string, line: ChainLine): string {
  return keyedDigest(salt, 'audit-line', JSON.stringify([...lasting(line), ...erasable(line)]));
}

const lasting = ({ id, at, event, outcome, actorKind, accountId, schoolId, details }: ChainLine) => [
  id,
  at.toISOString(),
  event,
  outcome,
  actorKind,
  accountId,
  schoolId,
  details,
];
const erasable = ({ actor, ip, requestId }: ChainLine) => [actor, ip, requestId];

/** Whether nothing is left of what says who the person was and where from. */
export const isErased = (line: ChainLine): boolean =>
  line.actorKind === 'person' && erasable(line).every((value) => value === null);

/** The first value of a month's chain. */
export function anchorOf(salt: string, month: string, beforeHead: string | null): string {
  return keyedDigest(salt, 'audit-month', month, beforeHead ?? '');
}

/** Takes the lines of one seal in the order of their ids, however many at a time. */
export function beginSeal(salt: string, before: string) {
  const hmac = createHmac('sha256', salt).update(`audit-seal\u0000${before}`);
  return {
    add(line: ChainLine, mac: string): void {
      hmac.update(`\u0000${JSON.stringify([...lasting(line), mac])}`);
    },
    end: (): string => hmac.digest('base64url'),
  };
}

/** Over where the month stands: an older state of it, with its last seals taken away, has another one. */
export function chainMac(salt: string, { month, beforeHead, seals, lines, head }: Chain): string {
  return keyedDigest(salt, 'audit-head', month, beforeHead ?? '', String(seals), String(lines), head);
}
