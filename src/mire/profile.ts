import { findAccountByPublicId } from '../accounts/store.ts';
import { currentEnrolment } from '../enrolment/enrolment.ts';
import { currentProgress } from '../enrolment/progress.ts';
import { field } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import type { OvertakenNotice, ProfilePage, SwitchPersonPage, UnavailableWayPage } from './pages.ts';
import { below, pathOf, pathOfEnrolment, waysOf } from './progress.ts';
import { proofHref } from './proof.ts';
import { formPage, OVERTAKEN, passkeyOf, type Visit } from './visit.ts';

/**
 * GET /interaction/:uid: to where the visitor stands; at first, the choice of the profile. The QR code of a
 * letter has made it; « Changer de profil » comes here with `?choix=profil`.
 */
export async function begin(visit: Visit): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const progress = await currentProgress(deps, interaction.uid);
  if (progress !== null) return seeOther(ctx, pathOf(interaction.uid, progress));
  const enrolment = ctx.query.choix === undefined ? await currentEnrolment(deps, interaction.uid) : null;
  if (enrolment !== null) return seeOther(ctx, pathOfEnrolment(interaction.uid, enrolment));
  const proof = await proofHref(visit);
  if (proof !== null) return seeOther(ctx, proof);
  const again = noticeOf(visit) === null ? '' : OVERTAKEN;
  if (interaction.session) return seeOther(ctx, below(interaction.uid, `personne${again}`));
  if (fromLetter(interaction) && ctx.query.choix === undefined) {
    const isPupil = interaction.profile === 'pupil';
    return seeOther(
      ctx,
      isPupil ? below(interaction.uid, 'connexion?profil=eleve') : waysOf(interaction.uid),
    );
  }
  showProfiles(visit);
}

/** Only letters carry an identifier to the login page of « Mon compte ». */
function fromLetter({ forAccount, loginHint }: Visit['interaction']): boolean {
  return forAccount === true && loginHint !== undefined;
}

function noticeOf({ ctx }: Visit): OvertakenNotice {
  return ctx.query.avis === 'ailleurs' ? 'elsewhere' : null;
}

/** @param problem why a key was refused here */
export function showProfiles(visit: Visit, problem: ProfilePage['problem'] = null): void {
  const { deps, ctx, interaction } = visit;
  const page: ProfilePage = {
    action: below(interaction.uid, 'connexion'),
    serviceName: interaction.clientName,
    notice: noticeOf(visit),
    passkey: passkeyOf(visit, null),
    problem,
  };
  showPage(deps, ctx, 'mire/profile', page, problem === null ? 200 : 400);
}

/** GET /interaction/:uid/personne: somebody is signed in, and the service wants to be sure that it is still he. */
export async function showPerson(visit: Visit): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const account =
    interaction.session && (await findAccountByPublicId(deps.db, interaction.session.accountId));
  if (!account || account.closedAt !== null) return showProfiles(visit);
  const page: SwitchPersonPage = {
    ...formPage(visit),
    action: below(interaction.uid, 'personne'),
    name: `${account.givenName} ${account.familyName}`,
    notice: noticeOf(visit),
  };
  showPage(deps, ctx, 'mire/switch-person', page);
}

/** POST /interaction/:uid/personne */
export async function takePerson({ deps, ctx, host, interaction }: Visit): Promise<void> {
  const { uid, session } = interaction;
  if (session && field(ctx, 'choice') === 'continue') {
    const account = await findAccountByPublicId(deps.db, session.accountId);
    return seeOther(
      ctx,
      below(uid, `connexion?profil=${account?.kind === 'pupil' ? 'eleve' : 'responsable'}`),
    );
  }
  if (session) await host.endSession(ctx);
  seeOther(ctx, below(uid));
}

/** A way in that is not open yet says so, and what to do. */
export function notYetOpen(way: UnavailableWayPage['way']) {
  return ({ deps, ctx, interaction }: Visit): void => {
    const page: UnavailableWayPage = {
      way,
      backHref: waysOf(interaction.uid),
      serviceName: interaction.clientName,
    };
    showPage(deps, ctx, 'mire/unavailable-way', page);
  };
}
