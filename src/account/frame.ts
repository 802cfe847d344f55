import type { Context } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import type { AccountFrame } from './pages.ts';
import { AGAIN } from './proof.ts';
import { formBinding } from './session.ts';
import type { AccountDoor } from './types.ts';

/** The value of `_csrf` for the forms of « Mon compte ». */
export const csrfOf = ({ deps }: Pick<AccountDoor, 'deps'>, ctx: Context): string =>
  csrfToken(deps.config, formBinding({ deps }, ctx));

/** What every page of « Mon compte » below the home page is given. */
export function frameOf(door: Pick<AccountDoor, 'deps'>, ctx: Context): AccountFrame {
  return { csrf: csrfOf(door, ctx), homeHref: '/', again: ctx.querystring.split('&').includes(AGAIN) };
}
