import { z } from 'zod';
import {
  type AskResult,
  askAddress,
  cancelAddress,
  pendingAddress,
  resendAddress,
} from '../../enrolment/address-change.ts';
import { type Context, visitor } from '../../http/context.ts';
import { field, readForm } from '../../http/form.ts';
import { noticeOf, seeOther, showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import type { AddressError, AddressPage } from './pages.ts';

const PATH = '/compte/adresse';
const FORM = z.object({ email: z.string().min(1, 'missing').max(254, 'too-long') });
const NOTICES: Record<string, AddressPage['notice']> = {
  demande: 'asked',
  renvoye: 'resent',
  annule: 'cancelled',
  rien: 'nothing',
};

type Shown = { errors?: AddressError[]; tooMany?: boolean };

/** GET /compte/adresse: « Modifier mon adresse ». */
export async function showAddress(
  door: AccountDoor,
  ctx: Context,
  { account }: AccountSession,
  shown?: Shown,
): Promise<void> {
  const { deps } = door;
  const pending = await pendingAddress(deps, account);
  const page: AddressPage = {
    frame: frameOf(door, ctx),
    current:
      account.email === null ? null : { address: account.email, verified: account.emailVerifiedAt !== null },
    pending: pending && { ...pending, resendAction: `${PATH}/renvoyer`, cancelAction: `${PATH}/annuler` },
    action: PATH,
    value: shown ? field(ctx, 'email') : '',
    errors: shown?.errors ?? [],
    notice: shown ? null : noticeOf(ctx, NOTICES),
    tooMany: shown?.tooMany ?? false,
  };
  showPage(deps, ctx, 'account/address/change', page, shown ? 400 : 200);
}

/** POST /compte/adresse */
export async function takeAddress(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const form = readForm<typeof FORM.shape, 'missing' | 'too-long'>(ctx, FORM);
  if (!form.ok) return showAddress(door, ctx, session, { errors: form.errors });
  const result = await askAddress(door.deps, session.account, form.values.email, visitor(ctx));
  await answer(door, ctx, session, result, 'demande');
}

/** POST /compte/adresse/renvoyer */
export async function resend(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const result = await resendAddress(door.deps, session.account, visitor(ctx));
  await answer(door, ctx, session, result, 'renvoye');
}

/** POST /compte/adresse/annuler */
export async function cancel(door: AccountDoor, ctx: Context, { account }: AccountSession): Promise<void> {
  const cancelled = await cancelAddress(door.deps, account, visitor(ctx));
  seeOther(ctx, `${PATH}?avis=${cancelled ? 'annule' : 'rien'}`);
}

async function answer(
  door: AccountDoor,
  ctx: Context,
  session: AccountSession,
  result: AskResult,
  notice: string,
): Promise<void> {
  if (result.ok) return seeOther(ctx, `${PATH}?avis=${notice}`);
  switch (result.reason) {
    case 'gone':
      return seeOther(ctx, `${PATH}?avis=rien`);
    case 'too-many':
      return showAddress(door, ctx, session, { tooMany: true });
    case 'invalid':
    case 'same':
      return showAddress(door, ctx, session, { errors: [{ field: 'email', reason: result.reason }] });
  }
}
