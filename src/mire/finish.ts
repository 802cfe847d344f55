import { mustChange } from '../accounts/must-change.ts';
import type { Account } from '../accounts/types.ts';
import { recordLogin } from '../credentials/login.ts';
import { visitor } from '../http/context.ts';
import { chosenLanguage } from '../http/language.ts';
import { WAYS_IN } from '../http/metrics.ts';
import { seeOther } from '../http/page.ts';
import { isOtherPerson, refuseOtherPerson } from './proof.ts';
import type { Visit } from './visit.ts';

type Proof = {
  /** `amr` of the way in (contract): `pwd`, `sms`, `fc`, `hwk`. */
  amr: string[];
  /** From verifyCredentials: the password's hash under today's parameters. */
  rehash?: string | null;
  /** When, if not just now: a first connection may have waited a day for its mail. */
  provedAt?: Date;
};

/**
 * Hands a login to the provider: all ways in end here, and nowhere else is the provider told who somebody is.
 * What the login leaves (date, audit line) is written in the transaction that hands it over.
 */
export async function finishLogin(visit: Visit, account: Account, proof: Proof): Promise<void> {
  if (isOtherPerson(visit, account)) return refuseOtherPerson(visit);
  // a defect elsewhere must not open a service to somebody who has still to activate his account, or
  // to change the password that he gave. FranceConnect and passkeys look at no password.
  const withoutPassword = proof.amr.includes('fc') || proof.amr.includes('hwk');
  const provisional = account.passwordKind === 'provisional' && !withoutPassword;
  const unchanged = mustChange(account) && proof.amr.includes('pwd');
  const shut = account.closedAt !== null || account.frozenAt !== null;
  if (account.state !== 'activated' || provisional || unchanged || shut)
    throw new Error(
      `an account that is ${account.state} with a ${account.passwordKind} password may not log in`,
    );
  const { ctx, host, deps, interaction } = visit;
  // Somebody else than the person whose session is open has proved who he is: that session ends, its services learn it.
  if (interaction.session && interaction.session.accountId !== account.publicId) await host.endSession(ctx);
  // Of somebody who has a language already, only a choice of this visit: the cookie may be another person's.
  const language = chosenLanguage(ctx, account.language === null ? undefined : deps.clock.now());
  const isProof = interaction.proofOf !== undefined;
  const login = { account, isProof, amr: proof.amr, rehash: proof.rehash, language, ...visitor(ctx) };
  const provedAt = proof.provedAt ? { provedAt: proof.provedAt } : {};
  const { publicId: accountPublicId, credentialsVersion } = account;
  const result = { accountPublicId, credentialsVersion, amr: proof.amr, ...provedAt };
  const to = await host.finish(ctx, result, (trx) => recordLogin(deps, trx, login));
  visit.metrics.countLogin(account.kind, 'ok', WAYS_IN.find((way) => proof.amr.includes(way)) ?? 'pwd');
  seeOther(ctx, to);
}
