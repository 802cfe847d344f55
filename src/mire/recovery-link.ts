import { tokenHash } from '../crypto/digests.ts';
import { peekRecoverLink, recoverByLink } from '../enrolment/recovered-password.ts';
import { type Context, visitor } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import { field, readForm } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { linkBinding, restartOf, tokenOf } from './activation-link.ts';
import { recoveringInteraction } from './browser.ts';
import { PASSWORDS, toPasswordError, unlessBusy } from './first-connection.ts';
import type { NewPasswordError } from './pages.ts';
import { below } from './progress.ts';
import type { RecoverDonePage, RecoveredPasswordPage, RecoverRefusedPage } from './recovery-pages.ts';
import type { Mire } from './visit.ts';

const LOGIN = '/connexion';

/** GET /mot-de-passe/:token: the form and nothing else, any number of times, so that mail scanners do no harm. */
export async function showRecoverLink(mire: Mire, ctx: Context): Promise<void> {
  const link = await peekRecoverLink(mire.deps, tokenOf(ctx));
  if (!link.ok) return refuse(mire, ctx, link.reason);
  showForm(mire, ctx, link.account.identifier);
}

function showForm({ deps }: Mire, ctx: Context, identifier: string, errors: NewPasswordError[] = []): void {
  const page: RecoveredPasswordPage = {
    action: `/mot-de-passe/${encodeURIComponent(tokenOf(ctx))}`,
    csrf: csrfToken(deps.config, linkBinding(ctx)),
    identifier,
    rules: { min: deps.config.PASSWORD_MIN_LENGTH, max: deps.config.PASSWORD_MAX_LENGTH },
    errors,
  };
  showPage(deps, ctx, 'mire/recovered-password', page, errors.length > 0 ? 400 : 200);
}

/** POST /mot-de-passe/:token: once; then back to the login page, in the browser that asked for it. */
export async function takeRecoverLink(mire: Mire, ctx: Context): Promise<void> {
  const { deps } = mire;
  const token = tokenOf(ctx);
  const before = await peekRecoverLink(deps, token);
  if (!before.ok) return refuse(mire, ctx, before.reason);
  const { identifier } = before.account;
  const form = readForm<typeof PASSWORDS.shape, 'missing'>(ctx, PASSWORDS);
  if (!form.ok) return showForm(mire, ctx, identifier, form.errors);
  const chosen = { password: field(ctx, 'new_password'), confirmation: field(ctx, 'confirmation') };
  const result = await unlessBusy(recoverByLink(deps, token, { ...chosen, ...visitor(ctx) }));
  if (!result.ok && result.reason === 'refused')
    return showForm(mire, ctx, identifier, result.faults.map(toPasswordError));
  if (!result.ok) return refuse(mire, ctx, result.reason);
  const uid = recoveringInteraction(deps.config, ctx);
  if (uid !== null && tokenHash(uid) === result.interactionHash)
    return seeOther(ctx, below(uid, 'connexion?profil=responsable&avis=mot-de-passe'));
  const page: RecoverDonePage = { restart: await restartOf(mire, result.clientId), loginHref: LOGIN };
  showPage(deps, ctx, 'recovery/done', page);
}

function refuse({ deps }: Mire, ctx: Context, reason: RecoverRefusedPage['reason']): void {
  const page: RecoverRefusedPage = { reason, loginHref: LOGIN };
  showPage(deps, ctx, 'recovery/refused', page, 400);
}
