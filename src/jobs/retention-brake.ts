import type { DueCounts } from '../accounts/retention-runs-store.ts';

/** So few are never held up: shares say nothing there. */
const SMALLEST = 20;

export type BrakeFinding = { of: keyof DueCounts; due: number; total: number };

/** What a run would take away beyond the share that the configuration allows at once. */
export function brakeFindings(due: DueCounts, total: DueCounts, percent: number): BrakeFinding[] {
  const kinds = ['accounts', 'pupils', 'guardians'] as const;
  return kinds
    .filter((of) => due[of] > SMALLEST && due[of] * 100 > total[of] * percent)
    .map((of) => ({ of, due: due[of], total: total[of] }));
}

export function brakeText(findings: readonly BrakeFinding[]): string {
  return findings.map(({ of, due, total }) => `${due} of ${total} ${of} at once`).join('; ');
}

/** Whether what was accepted covers what is due now: a run that goes on has less to do, another would have more. */
export function isCovered(due: DueCounts, accepted: DueCounts): boolean {
  return (
    due.accounts <= accepted.accounts && due.pupils <= accepted.pupils && due.guardians <= accepted.guardians
  );
}
