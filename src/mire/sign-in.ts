import { z } from 'zod';
import { mustChange } from '../accounts/must-change.ts';
import { findAccountByPublicId } from '../accounts/store.ts';
import type { AccountKind } from '../accounts/types.ts';
import { HasherBusy } from '../credentials/hasher.ts';
import { type VerifyResult, verifyCredentials } from '../credentials/verify.ts';
import { startFirstConnection } from '../enrolment/progress.ts';
import { visitor } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { field, readForm } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { finishLogin } from './finish.ts';
import type { LoginError, LoginGuardianPage, LoginProblem } from './pages.ts';
import { below, pathOf } from './progress.ts';
import { isOtherPerson, refuseOtherPerson, showProof } from './proof.ts';
import { formPage, passkeyOf, type Visit } from './visit.ts';

const FORM = z.object({
  identifier: z.string().min(1, 'missing').max(200, 'too-long'),
  password: z.string().min(1, 'missing').max(256, 'too-long'),
});

const PROFILES: Record<string, AccountKind> = { eleve: 'pupil', responsable: 'guardian' };
const BUSY_RETRY_S = 30;
const DAYS_A_MONTH = 30;

/** The profile in the address; null when it is missing or unknown. */
export function kindOf({ ctx }: Visit): AccountKind | null {
  const { profil } = ctx.query;
  return typeof profil === 'string' && Object.hasOwn(PROFILES, profil) ? (PROFILES[profil] ?? null) : null;
}

/** GET /interaction/:uid/connexion?profil= */
export async function showSignIn(visit: Visit): Promise<void> {
  const kind = kindOf(visit);
  if (kind === null) return seeOther(visit.ctx, below(visit.interaction.uid));
  showLogin(visit, kind, { identifier: await likelyIdentifier(visit) });
}

/** POST /interaction/:uid/connexion?profil= */
export async function takeSignIn(visit: Visit): Promise<void> {
  const { ctx } = visit;
  const kind = kindOf(visit);
  if (kind === null) return seeOther(ctx, below(visit.interaction.uid));
  const form = readForm<typeof FORM.shape, LoginError['reason']>(ctx, FORM);
  if (!form.ok) return refuse(visit, kind, { errors: form.errors });
  const result = await verify(visit, { ...form.values, kind });
  if (result.ok) return welcome(visit, result);
  visit.metrics.countLogin(kind, result.reason === 'too-many' ? 'rate-limited' : result.reason, 'pwd');
  switch (result.reason) {
    case 'too-many':
      throw new Fault('EC-429-RATE', { retryAfterSeconds: 300 });
    case 'busy':
      ctx.set('Retry-After', String(BUSY_RETRY_S));
      return refuse(visit, kind, { problem: 'busy' }, 503);
    case 'expired':
    case 'frozen':
    case 'wrong-profile':
      // Said only to somebody who knows the password.
      return refuse(visit, kind, { problem: result.reason });
    case 'wrong':
    case 'locked':
      // One answer for all (decision 5, C04): it must not tell whether the account exists or is locked.
      return refuse(visit, kind, { problem: 'wrong' });
  }
}

type Refusal = Exclude<VerifyResult, { ok: true }> | { ok: false; reason: 'busy' };

async function verify(
  { deps, ctx }: Visit,
  typed: { identifier: string; password: string; kind: AccountKind },
): Promise<Extract<VerifyResult, { ok: true }> | Refusal> {
  try {
    return await verifyCredentials(deps, { ...typed, ...visitor(ctx) });
  } catch (error) {
    if (error instanceof HasherBusy) return { ok: false, reason: 'busy' };
    throw error;
  }
}

/** The person is who he says: on to the service, or to the steps that the account still needs. */
async function welcome(
  visit: Visit,
  { account, rehash }: Extract<VerifyResult, { ok: true }>,
): Promise<void> {
  if (isOtherPerson(visit, account)) return refuseOtherPerson(visit);
  if (account.state === 'activated' && account.passwordKind === 'personal' && !mustChange(account))
    return finishLogin(visit, account, { amr: ['pwd'], rehash });
  const { deps, ctx, interaction, metrics } = visit;
  const { uid, clientId } = interaction;
  const progress = await startFirstConnection(deps, {
    interactionUid: uid,
    clientId,
    account,
    ...visitor(ctx),
  });
  metrics.countLogin(account.kind, 'first-connection', 'pwd');
  seeOther(ctx, pathOf(uid, progress));
}

/** What the service, or the QR code of the letter, or the session knows of the person; he may correct it. */
async function likelyIdentifier({ deps, interaction }: Visit): Promise<string> {
  if (interaction.loginHint !== undefined) return interaction.loginHint.slice(0, 90);
  if (interaction.session === undefined) return '';
  return (await findAccountByPublicId(deps.db, interaction.session.accountId))?.identifier ?? '';
}

type Shown = { identifier?: string; errors?: LoginError[]; problem?: LoginProblem };

function refuse(visit: Visit, kind: AccountKind, shown: Shown, status = 400): void {
  showLogin(visit, kind, { identifier: field(visit.ctx, 'identifier'), ...shown }, status);
}

/** The login page of a profile. */
export function showLogin(visit: Visit, kind: AccountKind, shown: Shown, status = 200): void {
  const { deps, ctx, interaction } = visit;
  const at = (page: string) => below(interaction.uid, page);
  const pupil = kind === 'pupil' ? '?profil=eleve' : '';
  const page: LoginGuardianPage = {
    ...formPage(visit),
    action: at(`connexion?profil=${kind === 'pupil' ? 'eleve' : 'responsable'}`),
    identifier: shown.identifier ?? '',
    errors: shown.errors ?? [],
    problem: shown.problem ?? null,
    provisionalMonths: Math.round(deps.config.PROVISIONAL_VALID_DAYS / DAYS_A_MONTH),
    profileHref: `${below(interaction.uid)}?choix=profil`,
    notice: ctx.method === 'GET' && ctx.query.avis === 'mot-de-passe' ? 'password-changed' : null,
    recovery: {
      // A pupil's school gives him his codes again; the pages say so.
      available: kind === 'guardian',
      identifierHref: at(`identifiant-oublie${pupil}`),
      passwordHref: at(`mot-de-passe-oublie${pupil}`),
    },
    passkey: passkeyOf(visit, kind),
    franceConnect: { available: deps.franceConnect !== null, action: at('franceconnect') },
    registration: { available: deps.sms !== null, href: at('inscription') },
  };
  if (interaction.proofOf !== undefined) showProof(visit, kind, page, status);
  else showPage(deps, ctx, kind === 'pupil' ? 'mire/login-pupil' : 'mire/login-guardian', page, status);
}
