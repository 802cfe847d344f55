import type { Finding } from './types.ts';

/** Schools with fewer pupils (or links) change as a whole at times: shares say nothing there. */
const SMALLEST_SCHOOL = 20;
/** The same for all pupils of the bases of the feed together. */
const SMALLEST_NATION = 1000;

export type Limits = { IMPORT_BRAKE_SCHOOL_PERCENT: number; IMPORT_BRAKE_NATION_PERCENT: number };

/** Pupils or living links of a school before the run, and how many of them it would end. */
export type Loss = { uai: string; name: string; before: number; lost: number };

/**
 * What a run would take away beyond the configured shares (security.md 1.7). Pupils who go to another school of the
 * feed are not lost. @param total all pupils or links of the bases that the feed speaks for
 */
export function lossFindings(
  kind: 'pupils' | 'links',
  losses: readonly Loss[],
  total: number,
  limits: Limits,
): Finding[] {
  const { IMPORT_BRAKE_SCHOOL_PERCENT: ofSchool, IMPORT_BRAKE_NATION_PERCENT: ofNation } = limits;
  const what = kind === 'pupils' ? 'pupils' : 'links to guardians';
  const findings = losses
    .filter(({ before, lost }) => before >= SMALLEST_SCHOOL && lost * 100 > before * ofSchool)
    .map(({ uai, name, before, lost }) => ({
      kind,
      of: `${uai} ${name}`,
      before,
      after: before - lost,
      reason: `${lost} of ${before} ${what} would be removed, more than ${ofSchool} %`,
    }));
  const lost = losses.reduce((sum, loss) => sum + loss.lost, 0);
  if (total < SMALLEST_NATION || lost * 100 <= total * ofNation) return findings;
  const reason = `${lost} of ${total} ${what} would be removed in all, more than ${ofNation} %`;
  return [{ kind, of: 'all schools', before: total, after: total - lost, reason }, ...findings];
}

/** @param last day of the export taken last, of the same base; the same day may come again */
export function olderFinding(base: string, exportedOn: string, last: string): Finding | null {
  if (exportedOn >= last) return null;
  const reason = `the files of ${exportedOn} are older than those taken last, of ${last}`;
  return { kind: 'older', of: base, before: last, after: exportedOn, reason };
}

export function recordsFinding(file: string, said: number, read: number): Finding | null {
  if (said === read) return null;
  const reason = `${said} records are announced and ${read} were read`;
  return { kind: 'records', of: file, before: said, after: read, reason };
}

/** Findings as one sentence each, the first ones. */
export function brakeText(findings: readonly Finding[]): string {
  const shown = findings.slice(0, 20).map(({ of, reason }) => `${of}: ${reason}`);
  const more = findings.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
