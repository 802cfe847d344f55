import { findAccountByIdentifier } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { showPage } from '../http/page.ts';
import type { LoginGuardianPage, ProofPage, ProofRefusedPage } from './pages.ts';
import { below } from './progress.ts';
import type { Visit } from './visit.ts';

/** Where whoever gives up goes: nothing has been done. */
const HOME = '/';

/** Somebody is to prove again who he is: his own way in, without the choice of the profile. @returns null: not so */
export async function proofHref({ deps, interaction }: Visit): Promise<string | null> {
  const { proofOf, uid } = interaction;
  if (proofOf === undefined) return null;
  const account = await findAccountByIdentifier(deps.db, proofOf);
  return below(uid, `connexion?profil=${account?.kind === 'pupil' ? 'eleve' : 'responsable'}`);
}

/** The login page with the words of a proof, and without what somebody known has no need of. */
export function showProof(
  { deps, ctx }: Visit,
  kind: Account['kind'],
  form: LoginGuardianPage,
  status: number,
): void {
  const page: ProofPage = { ...form, serviceName: null, kind, cancelHref: HOME };
  showPage(deps, ctx, 'mire/proof', page, status);
}

/** Whether this is another person than the one who was asked. */
export function isOtherPerson({ interaction }: Visit, { identifier }: Pick<Account, 'identifier'>): boolean {
  return interaction.proofOf !== undefined && interaction.proofOf !== identifier;
}

/** Another person has signed in: nothing is done, the session stays whose it is. */
export function refuseOtherPerson({ deps, ctx, interaction }: Visit): void {
  const page: ProofRefusedPage = { againHref: below(interaction.uid), homeHref: HOME };
  showPage(deps, ctx, 'mire/proof-refused', page, 400);
}
