import { codeStatus } from '../codes/one-time.ts';
import { recoverBySms } from '../enrolment/recovered-password.ts';
import {
  currentRecovery,
  proveRecoveryCode,
  type Recovery,
  type RecoveryGoal,
  resendRecoveryCode,
} from '../enrolment/recovery-code.ts';
import { visitor } from '../http/context.ts';
import { field, readForm } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { countAsked, countTried } from './code-metrics.ts';
import { type CodeShown, codePage, codeProblem, readCode } from './code-page.ts';
import { finishLogin } from './finish.ts';
import { PASSWORDS, toPasswordError, unlessBusy } from './first-connection.ts';
import type { NewPasswordError } from './pages.ts';
import { below, waysOf } from './progress.ts';
import { RECOVERY_PATHS } from './recovery.ts';
import type { RecoveredIdentifiersPage, RecoveredPasswordPage } from './recovery-pages.ts';
import { formPage, isFor, type Visit } from './visit.ts';

const at = ({ interaction }: Visit, goal: RecoveryGoal, page: string) =>
  below(interaction.uid, `${RECOVERY_PATHS[goal]}/${page}`);

/** Where a recovery stands -> its page. */
function pathOf(visit: Visit, recovery: Recovery | null, goal: RecoveryGoal): string {
  if (recovery === null) return below(visit.interaction.uid, `${RECOVERY_PATHS[goal]}/sms`);
  if (recovery.step === 'code') return at(visit, recovery.goal, 'code');
  return at(visit, recovery.goal, recovery.goal === 'identifier' ? 'resultat' : 'nouveau');
}

type At = (visit: Visit, recovery: Recovery) => Promise<void> | void;

/** A page of one step: whoever stands elsewhere is led to where he stands. */
export function recovering(goal: RecoveryGoal, step: Recovery['step'], handle: At) {
  return async (visit: Visit): Promise<void> => {
    const recovery = await currentRecovery(visit.deps, visit.interaction.uid);
    if (recovery?.goal === goal && recovery.step === step) return handle(visit, recovery);
    seeOther(visit.ctx, pathOf(visit, recovery, goal));
  };
}

async function goOn(visit: Visit, goal: RecoveryGoal): Promise<void> {
  seeOther(visit.ctx, pathOf(visit, await currentRecovery(visit.deps, visit.interaction.uid), goal));
}

/** GET .../code */
export async function showRecoveryCode(visit: Visit, recovery: Recovery, shown?: CodeShown): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const status = await codeStatus(deps, { purpose: 'recovery', interactionUid: interaction.uid });
  const { goal } = recovery;
  const place = {
    way: 'recovery',
    steps: null,
    lastDigits: recovery.mobile.slice(-2),
    action: at(visit, goal, 'code'),
    resendAction: at(visit, goal, 'renvoyer'),
    changeHref: at(visit, goal, 'sms'),
    nothingHref: below(interaction.uid, `code/rien-recu?de=${goal === 'password' ? 'passe' : 'identifiant'}`),
  } as const;
  showPage(deps, ctx, 'mire/code', codePage(visit, status, place, shown), shown ? 400 : 200);
}

/** POST .../code */
export async function takeRecoveryCode(visit: Visit, recovery: Recovery): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const typed = readCode(ctx);
  if (!typed.ok) return showRecoveryCode(visit, recovery, { reason: typed.reason });
  const check = countTried(
    visit,
    'recovery',
    await proveRecoveryCode(deps, interaction.uid, typed.code, visitor(ctx)),
  );
  if (check.ok || check.reason === 'elsewhere') return goOn(visit, recovery.goal);
  await showRecoveryCode(visit, recovery, { reason: check.reason === 'none' ? 'expired' : check.reason });
}

/** POST .../renvoyer */
export async function resendCode(visit: Visit, recovery: Recovery): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const { goal } = recovery;
  const result = countAsked(visit, 'recovery', await resendRecoveryCode(deps, interaction.uid, visitor(ctx)));
  if (result.ok) return seeOther(ctx, at(visit, goal, 'code?avis=renvoye'));
  if (result.reason === 'elsewhere' || result.reason === 'invalid-mobile') return goOn(visit, goal);
  const { reason, retryAt } = result;
  await showRecoveryCode(visit, recovery, { problem: codeProblem(visit, { reason, retryAt }) });
}

/** GET .../identifiant-oublie/resultat */
export function showIdentifiers({ deps, ctx, interaction }: Visit, { accounts }: Recovery): void {
  const page: RecoveredIdentifiersPage = {
    serviceName: interaction.clientName,
    identifiers: accounts.map(({ identifier }) => identifier),
    loginHref: waysOf(interaction.uid),
    passwordHref: below(interaction.uid, RECOVERY_PATHS.password),
  };
  showPage(deps, ctx, 'mire/recovered-identifiers', page);
}

/** GET .../mot-de-passe-oublie/nouveau */
export function showNewPassword(visit: Visit, { accounts }: Recovery, errors: NewPasswordError[] = []): void {
  const { deps, ctx } = visit;
  const page: RecoveredPasswordPage = {
    ...formPage(visit),
    action: at(visit, 'password', 'nouveau'),
    identifier: accounts[0]?.identifier ?? '',
    rules: { min: deps.config.PASSWORD_MIN_LENGTH, max: deps.config.PASSWORD_MAX_LENGTH },
    errors,
  };
  showPage(deps, ctx, 'mire/recovered-password', page, errors.length > 0 ? 400 : 200);
}

/** POST .../mot-de-passe-oublie/nouveau: the SMS of this sign-in has proved who it is, so on to the service. */
export async function takeNewPassword(visit: Visit, recovery: Recovery): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const [owner] = recovery.accounts;
  if (owner === undefined || !isFor(visit, owner)) return goOn(visit, 'password');
  const form = readForm<typeof PASSWORDS.shape, 'missing'>(ctx, PASSWORDS);
  if (!form.ok) return showNewPassword(visit, recovery, form.errors);
  const chosen = { password: field(ctx, 'new_password'), confirmation: field(ctx, 'confirmation') };
  const result = await unlessBusy(recoverBySms(deps, interaction.uid, { ...chosen, ...visitor(ctx) }));
  if (result.ok) return finishLogin(visit, result.account, { amr: ['sms'] });
  if (result.reason === 'refused')
    return showNewPassword(visit, recovery, result.faults.map(toPasswordError));
  await goOn(visit, 'password');
}
