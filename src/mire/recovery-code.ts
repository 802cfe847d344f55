import { codeStatus, normaliseCode } from '../codes/one-time.ts';
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
import { finishLogin } from './finish.ts';
import { PASSWORDS, toPasswordError, unlessBusy } from './first-connection.ts';
import type { NewPasswordError } from './pages.ts';
import { below } from './progress.ts';
import { RECOVERY_PATHS } from './recovery.ts';
import type {
  RecoveredIdentifiersPage,
  RecoveredPasswordPage,
  RecoveryCodeError,
  RecoveryCodePage,
} from './recovery-pages.ts';
import { formPage, type Visit } from './visit.ts';

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

type Shown = { errors?: RecoveryCodeError[]; notice?: RecoveryCodePage['notice'] };

/** GET .../code */
export async function showRecoveryCode(visit: Visit, { goal }: Recovery): Promise<void> {
  const notice = visit.ctx.query['avis'] === 'renvoye' ? 'resent' : null;
  await show(visit, goal, { notice });
}

async function show(visit: Visit, goal: RecoveryGoal, shown: Shown, status = 200): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const now = deps.clock.now();
  const standing = await codeStatus(deps, { purpose: 'recovery', interactionUid: interaction.uid });
  const good = standing !== null && standing.left > 0 && standing.expiresAt > now;
  const page: RecoveryCodePage = {
    ...formPage(visit),
    action: at(visit, goal, 'code'),
    goal,
    code: good ? { ...standing, resendAt: standing.resendAt > now ? standing.resendAt : null } : null,
    errors: shown.errors ?? [],
    notice: shown.notice ?? null,
    resendAction: at(visit, goal, 'renvoyer'),
    startHref: below(interaction.uid, `${RECOVERY_PATHS[goal]}/sms`),
    nothingHref: below(interaction.uid, `code/rien-recu?de=${goal === 'password' ? 'passe' : 'identifiant'}`),
  };
  showPage(deps, ctx, 'mire/recovery-code', page, status);
}

/** POST .../code */
export async function takeRecoveryCode(visit: Visit, { goal }: Recovery): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const typed = normaliseCode(field(ctx, 'code'));
  // Nothing that cannot be a code costs a try.
  if (!/^\d{6}$/.test(typed)) {
    const reason = typed === '' ? 'missing' : 'malformed';
    return show(visit, goal, { errors: [{ field: 'code', reason }] }, 400);
  }
  const check = countTried(
    visit,
    'recovery',
    await proveRecoveryCode(deps, interaction.uid, typed, visitor(ctx)),
  );
  if (check.ok) return goOn(visit, goal);
  switch (check.reason) {
    case 'elsewhere':
      return goOn(visit, goal);
    case 'wrong':
    case 'expired':
    case 'used-up':
      return show(visit, goal, { errors: [{ field: 'code', reason: check.reason }] }, 400);
    case 'none':
      return show(visit, goal, { errors: [{ field: 'code', reason: 'expired' }] }, 400);
  }
}

/** POST .../renvoyer */
export async function resendCode(visit: Visit, { goal }: Recovery): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const result = countAsked(visit, 'recovery', await resendRecoveryCode(deps, interaction.uid, ctx.ip));
  if (result.ok) return seeOther(ctx, at(visit, goal, 'code?avis=renvoye'));
  switch (result.reason) {
    case 'elsewhere':
    case 'invalid-mobile':
      return goOn(visit, goal);
    case 'too-soon':
    case 'too-many':
    case 'suspended':
      return show(visit, goal, { notice: result.reason }, 400);
  }
}

/** GET .../identifiant-oublie/resultat */
export function showIdentifiers({ deps, ctx, interaction }: Visit, { accounts }: Recovery): void {
  const page: RecoveredIdentifiersPage = {
    serviceName: interaction.clientName,
    identifiers: accounts.map(({ identifier }) => identifier),
    loginHref: below(interaction.uid, 'connexion?profil=responsable'),
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
  const form = readForm<typeof PASSWORDS.shape, 'missing'>(ctx, PASSWORDS);
  if (!form.ok) return showNewPassword(visit, recovery, form.errors);
  const chosen = { password: field(ctx, 'new_password'), confirmation: field(ctx, 'confirmation') };
  const result = await unlessBusy(recoverBySms(deps, interaction.uid, { ...chosen, ...visitor(ctx) }));
  if (result.ok) return finishLogin(visit, result.account, { amr: ['sms'] });
  if (result.reason === 'refused')
    return showNewPassword(visit, recovery, result.faults.map(toPasswordError));
  await goOn(visit, 'password');
}
