import type { Deps } from '../deps.ts';
import { findEnrolment, hasOvertakenEnrolment } from './enrolment-store.ts';
import type { Enrolment, EnrolmentWay } from './types.ts';

/** An enrolment takes minutes; what was begun and left is of no use an hour later. */
export const LIVES_MS = 3_600_000;

/** `amr` of the login that ends a way (contract): the password chosen on the way adds nothing to the proof. */
export const AMR: Record<EnrolmentWay, string[]> = { sms: ['sms'], franceconnect: ['fc'] };

/** Where the visitor of this interaction stands; null: he has begun nothing, or what he began is over. */
export async function currentEnrolment(
  deps: Pick<Deps, 'db' | 'clock'>,
  interactionUid: string,
): Promise<Enrolment | null> {
  const row = await findEnrolment(deps.db, interactionUid, deps.clock.now());
  if (row === null) return null;
  const { way, step, account } = row;
  switch (step) {
    case 'mobile':
    case 'names':
    case 'children':
      return { way, step };
    case 'code':
      return row.mobile === null ? null : { way, step, mobile: row.mobile };
    case 'credentials':
      return account === null ? null : { way, step, account };
    case 'done': {
      // A reset, a freeze or another way in since then: the proof is void.
      const stands = account?.credentialsVersion === row.credentialsVersion && account.state === 'activated';
      return stands ? { way, step, account, since: row.updatedAt } : null;
    }
  }
}

/** True when what the visitor began was overtaken: elsewhere the same person has got his account meanwhile. */
export async function enrolmentWasOvertaken(
  deps: Pick<Deps, 'db'>,
  interactionUid: string,
): Promise<boolean> {
  return hasOvertakenEnrolment(deps.db, interactionUid);
}
