import { tokenHash } from '../../crypto/digests.ts';
import { confirmAddress, peekAddressLink } from '../../enrolment/address-change.ts';
import { objectToAddress, peekObjection } from '../../enrolment/freeze.ts';
import { type Context, partOf, visitor } from '../../http/context.ts';
import { type Binding, csrfToken } from '../../http/csrf.ts';
import { showPage } from '../../http/page.ts';
import type { AccountDoor } from '../types.ts';
import type {
  AddressConfirmedPage,
  AddressLinkPage,
  AddressObjectedPage,
  AddressRefusedPage,
} from './pages.ts';

const HOME = '/';
const tokenOf = (ctx: Context): string => partOf(ctx, 'token');

/** What the form of a link is bound to; the token itself is in the address only. */
export const linkBinding = (ctx: Context): Binding => ({ scope: 'link', id: tokenHash(tokenOf(ctx)) });

/** GET /adresse/confirmer/:token: a button and nothing else, any number of times, so that mail scanners do no harm. */
export async function showConfirm(door: AccountDoor, ctx: Context): Promise<void> {
  const link = await peekAddressLink(door.deps, tokenOf(ctx));
  if (!link.ok) return refuse(door, ctx, 'confirm', link.reason);
  showButton(door, ctx, 'confirm', link.email);
}

/** POST /adresse/confirmer/:token: the address is the account's. */
export async function takeConfirm(door: AccountDoor, ctx: Context): Promise<void> {
  const result = await confirmAddress(door.deps, tokenOf(ctx), visitor(ctx));
  if (!result.ok) return refuse(door, ctx, 'confirm', result.reason);
  const page: AddressConfirmedPage = { email: result.email, homeHref: HOME };
  showPage(door.deps, ctx, 'address-link/confirmed', page);
}

/** GET /adresse/contester/:token: what it would do, and a button. */
export async function showObject(door: AccountDoor, ctx: Context): Promise<void> {
  const link = await peekObjection(door.deps, tokenOf(ctx));
  if (!link.ok) return refuse(door, ctx, 'object', link.reason);
  showButton(door, ctx, 'object', null);
}

/** POST /adresse/contester/:token: the former address is back, the account is frozen. */
export async function takeObject(door: AccountDoor, ctx: Context): Promise<void> {
  const result = await objectToAddress(door.deps, tokenOf(ctx), visitor(ctx));
  if (!result.ok) return refuse(door, ctx, 'object', result.reason);
  const page: AddressObjectedPage = {};
  showPage(door.deps, ctx, 'address-link/objected', page);
}

function showButton(
  { deps }: AccountDoor,
  ctx: Context,
  what: 'confirm' | 'object',
  email: string | null,
): void {
  const page: AddressLinkPage = { action: ctx.path, csrf: csrfToken(deps.config, linkBinding(ctx)), email };
  showPage(deps, ctx, `address-link/${what}`, page);
}

function refuse(
  { deps }: AccountDoor,
  ctx: Context,
  what: AddressRefusedPage['what'],
  reason: AddressRefusedPage['reason'],
): void {
  const page: AddressRefusedPage = { what, reason, homeHref: HOME };
  showPage(deps, ctx, 'address-link/refused', page, 400);
}
