import type { CodeOutcome, CodePurpose } from '../http/metrics.ts';
import type { Visit } from './visit.ts';

const REFUSED: readonly string[] = ['too-soon', 'too-many', 'suspended'] satisfies CodeOutcome[];
const FAILED: readonly string[] = ['wrong', 'expired', 'used-up', 'none'] satisfies CodeOutcome[];

type Result = { ok: true } | { ok: false; reason: string };

/** Counts how a request for a code ended; what has nothing to do with codes is not counted. @returns the result */
export function countAsked<R extends Result>(
  { metrics }: Pick<Visit, 'metrics'>,
  purpose: CodePurpose,
  result: R,
): R {
  if (result.ok) metrics.countCode(purpose, 'sent');
  else if (REFUSED.includes(result.reason)) metrics.countCode(purpose, result.reason as CodeOutcome);
  return result;
}

/** The same for a code that was tried. */
export function countTried<R extends Result>(
  { metrics }: Pick<Visit, 'metrics'>,
  purpose: CodePurpose,
  result: R,
): R {
  if (result.ok) metrics.countCode(purpose, 'verified');
  else if (FAILED.includes(result.reason)) metrics.countCode(purpose, result.reason as CodeOutcome);
  return result;
}
