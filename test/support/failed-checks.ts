import type { Deps } from '../../src/deps.ts';
import type { FailedCheck } from '../../src/enrolment/failed-checks.ts';

/** The traces that an account has, newest first. */
export async function failedChecksOf(deps: Pick<Deps, 'db'>, accountId: number): Promise<FailedCheck[]> {
  return deps
    .db('failed_checks')
    .select('way', 'failed', 'at')
    .where({ account_id: accountId })
    .orderBy('id', 'desc');
}
