import { z } from 'zod';
import {
  type RegisterResult,
  registerPasskey,
  registrationOptions,
} from '../../credentials/passkey-register.ts';
import { tellOfWayIn } from '../../enrolment/not-me-link.ts';
import { type Context, visitor } from '../../http/context.ts';
import { formatDate } from '../../http/dates.ts';
import { field, readForm } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import { formBinding } from '../session.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import { addressOf } from './address.ts';
import { listWith } from './list.ts';
import type { AddKeyError, AddKeyPage } from './pages.ts';

export const NAME_LIMIT = 60;
const FORM = z.object({ name: z.string().trim().max(NAME_LIMIT, 'too-long') });

type Shown = { errors?: AddKeyError[]; problem?: AddKeyPage['problem'] };

/** GET /compte/cles/ajouter */
export function showAdd(door: AccountDoor, ctx: Context, shown?: Shown): void {
  const page: AddKeyPage = {
    frame: frameOf(door, ctx),
    action: addressOf('ajouter'),
    options: addressOf('options'),
    name: field(ctx, 'name'),
    errors: shown?.errors ?? [],
    problem: shown?.problem ?? null,
  };
  showPage(door.deps, ctx, 'account/passkeys/add', page, shown ? 400 : 200);
}

/** POST /compte/cles/options: what the page's script asks the browser to make. */
export async function giveOptions(
  door: AccountDoor,
  ctx: Context,
  { account }: AccountSession,
): Promise<void> {
  ctx.body = await registrationOptions(door.deps, account, formBinding(door, ctx).id);
}

/** POST /compte/cles/ajouter: the key that the browser has made. */
export async function takeAdd(door: AccountDoor, ctx: Context, { account }: AccountSession): Promise<void> {
  const { deps } = door;
  const form = readForm<typeof FORM.shape, 'too-long'>(ctx, FORM);
  if (!form.ok) return showAdd(door, ctx, { errors: form.errors });
  const request = {
    account,
    session: formBinding(door, ctx).id,
    answer: field(ctx, 'answer'),
    // Whoever has no name for it knows it by its day.
    name: form.values.name || formatDate(deps.clock.now()),
    ...visitor(ctx),
  };
  const result: RegisterResult = await registerPasskey(deps, request, (trx, holder) =>
    tellOfWayIn(deps, trx, holder, 'passkey-added'),
  );
  if (result.ok) return seeOther(ctx, listWith('ajoutee'));
  if (result.reason === 'gone') return seeOther(ctx, listWith('rien'));
  showAdd(door, ctx, { problem: result.reason });
}
