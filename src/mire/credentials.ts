import { chooseCredentials } from '../enrolment/credentials.ts';
import { readForm } from '../http/form.ts';
import { showPage } from '../http/page.ts';
import { finishOrGoOn } from './children.ts';
import { type AtStep, enrolmentFrame, goOnEnrolling, proverOf, stepsOfEnrolment } from './enrolling.ts';
import type { CredentialsPage } from './enrolment-pages.ts';
import { PASSWORDS, toPasswordError, unlessBusy } from './first-connection.ts';
import type { NewPasswordError } from './pages.ts';
import { isFor, type Visit } from './visit.ts';

type At = AtStep<'credentials'>;

/** GET /interaction/:uid/identifiants: « Affichage de l'identifiant et choix d'un mot de passe ». */
export function showCredentials(visit: Visit, at: At, errors: NewPasswordError[] = []): void {
  const { deps, ctx } = visit;
  const page: CredentialsPage = {
    ...enrolmentFrame(visit, 'identifiants', stepsOfEnrolment(at)),
    identifier: at.account.identifier,
    rules: { min: deps.config.PASSWORD_MIN_LENGTH, max: deps.config.PASSWORD_MAX_LENGTH },
    errors,
  };
  showPage(deps, ctx, 'mire/credentials', page, errors.length > 0 ? 400 : 200);
}

/** POST /interaction/:uid/identifiants */
export async function takeCredentials(visit: Visit, at: At): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (!isFor(visit, at.account)) return goOnEnrolling(visit);
  const form = readForm<typeof PASSWORDS.shape, 'missing'>(ctx, PASSWORDS);
  if (!form.ok) return showCredentials(visit, at, form.errors);
  const { new_password: password, confirmation } = form.values;
  const result = await unlessBusy(
    chooseCredentials(deps, interaction.uid, { password, confirmation }, proverOf(visit)),
  );
  if (result.ok) return finishOrGoOn(visit);
  if (result.reason === 'refused') return showCredentials(visit, at, result.faults.map(toPasswordError));
  await goOnEnrolling(visit);
}
