import { z } from 'zod';
import { findAccountById } from '../accounts/store.ts';
import type { Account } from '../accounts/types.ts';
import { HasherBusy } from '../credentials/hasher.ts';
import type { PasswordFault } from '../credentials/policy.ts';
import { changePassword } from '../enrolment/change-password.ts';
import { type Context, visitor } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { field, readForm } from '../http/form.ts';
import { seeOther, showPage } from '../http/page.ts';
import { frameOf } from './frame.ts';
import { keepingSession } from './keep-session.ts';
import type { DonePage, PasswordError, PasswordPage } from './pages.ts';
import type { AccountDoor, AccountRoute, AccountSession } from './types.ts';

/** « Changer mon mot de passe », also the first password of somebody who has only known FranceConnect. */
const PATH = '/compte/mot-de-passe';
const DONE = `${PATH}/fait`;

export const PASSWORD_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: PATH, needs: 'proof', handle: (door, ctx, session) => show(door, ctx, session) },
  { method: 'post', path: PATH, needs: 'proof', handle: takePassword },
  { method: 'get', path: DONE, needs: 'session', handle: showDone },
];

const FORM = z.object({
  new_password: z.string().min(1, 'missing').max(256, 'too-long'),
  confirmation: z.string().min(1, 'missing'),
});
const BUSY_RETRY_S = 30;

type Shown = { errors?: PasswordError[]; overtaken?: true };

/** GET /compte/mot-de-passe */
function show(door: AccountDoor, ctx: Context, { account }: { account: Account }, shown: Shown = {}): void {
  const { deps } = door;
  const { PASSWORD_MIN_LENGTH: min, PASSWORD_MAX_LENGTH: max } = deps.config;
  const page: PasswordPage = {
    frame: frameOf(door, ctx),
    action: PATH,
    account: account.identifier,
    version: account.credentialsVersion,
    first: account.passwordKind !== 'personal',
    rules: { min, max },
    errors: shown.errors ?? [],
    overtaken: shown.overtaken ?? false,
  };
  showPage(deps, ctx, 'account/password', page, ctx.method === 'POST' ? 400 : 200);
}

/** POST /compte/mot-de-passe */
async function takePassword(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { deps } = door;
  const { account } = session;
  // A form of another person's session, or of before a change in another tab.
  if (field(ctx, 'account') !== account.identifier) return seeOther(ctx, PATH);
  const form = readForm<typeof FORM.shape, 'missing' | 'too-long'>(ctx, FORM);
  if (!form.ok) return show(door, ctx, session, { errors: form.errors as PasswordError[] });
  const { new_password: password, confirmation } = form.values;
  const change = { password, confirmation, formVersion: Number(field(ctx, 'version')), ...visitor(ctx) };
  const result = await unlessBusy(
    keepingSession(door, session, (keep) =>
      changePassword(deps, account, change, (trx, credentialsVersion) => keep(trx, { credentialsVersion })),
    ),
  );
  if (result.ok) return seeOther(ctx, DONE);
  switch (result.reason) {
    case 'refused':
      return show(door, ctx, session, { errors: result.faults.map(toError) });
    case 'overtaken':
      // As it is now: the form is a new one.
      return show(
        door,
        ctx,
        { account: (await findAccountById(deps.db, account.id)) ?? account },
        { overtaken: true },
      );
  }
}

/** GET /compte/mot-de-passe/fait */
function showDone(door: AccountDoor, ctx: Context): void {
  const page: DonePage = { frame: frameOf(door, ctx), what: 'password' };
  showPage(door.deps, ctx, 'account/done', page);
}

/** A confirmation that differs is no fault of the password. */
const toError = (fault: PasswordFault): PasswordError =>
  fault === 'different'
    ? { field: 'confirmation', reason: 'different' }
    : { field: 'new_password', reason: fault };

/** The password has been read and not kept: the person sends the form again. */
async function unlessBusy<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof HasherBusy ? new Fault('EC-503-BUSY', { retryAfterSeconds: BUSY_RETRY_S }) : error;
  }
}
