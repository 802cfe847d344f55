import { z } from 'zod';
import { askToForget } from '../../accounts/forget.ts';
import { dayInParis } from '../../files/day.ts';
import { type Context, visitor } from '../../http/context.ts';
import { readForm } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { queueAccountNotice } from '../../messages/account-notice.ts';
import { frameOf } from '../frame.ts';
import type { ForgetAskedPage, ForgetPage } from '../pages.ts';
import { closeSession } from '../session.ts';
import type { AccountDoor, AccountSession } from '../types.ts';

const DAY_MS = 86_400_000;
const DONE = '/compte/oublier/fait';
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const FORM = z.object({ agreed: z.literal('yes', { error: 'missing' }) });

/** GET /compte/oublier: what is erased, what is not, and when. */
export function showForget(door: AccountDoor, ctx: Context): void {
  show(door, ctx, []);
}

function show(door: AccountDoor, ctx: Context, errors: ForgetPage['errors']): void {
  const { config, clock } = door.deps;
  const page: ForgetPage = {
    frame: frameOf(door, ctx),
    action: '/compte/oublier/confirmer',
    forgetAt: new Date(clock.now().getTime() + config.FORGET_DELAY_DAYS * DAY_MS),
    auditMonths: config.AUDIT_MONTHS,
    errors,
  };
  showPage(door.deps, ctx, 'account/forget/ask', page, errors.length > 0 ? 400 : 200);
}

/**
 * POST: the request is kept, with a message that says until when he may change his mind; he is signed out here and
 * everywhere, since signing in is what withdraws it.
 */
export async function sendRequest(
  door: AccountDoor,
  ctx: Context,
  { account }: AccountSession,
): Promise<void> {
  const form = readForm<typeof FORM.shape, 'missing'>(ctx, FORM);
  if (!form.ok) return show(door, ctx, form.errors);
  const { deps, host } = door;
  const tell: (() => Promise<void>)[] = [];
  const forgetAt = new Date(deps.clock.now().getTime() + deps.config.FORGET_DELAY_DAYS * DAY_MS);
  const next = `${deps.config.BASE_URL}${DONE}?le=${dayInParis(forgetAt)}`;
  const uid = await closeSession(door, ctx);
  const to = await host.signOut(ctx, uid, next);
  const asked = await askToForget(deps, account.id, {
    delayDays: deps.config.FORGET_DELAY_DAYS,
    actor: { actorKind: 'person', ...visitor(ctx) },
    version: account.credentialsVersion,
    also: async (trx, locked, until) => {
      await queueAccountNotice(deps, trx, {
        account: locked,
        kind: 'forget-asked',
        now: deps.clock.now(),
        until,
      });
      tell.push(await host.endSessionsOf(trx, locked.publicId));
    },
  });
  if (!asked.ok) return seeOther(ctx, '/compte/deconnecte');
  for (const services of tell) await services();
  seeOther(ctx, to);
}

/** GET /compte/oublier/fait: for nobody, who is signed out by now. */
export function showAsked({ deps }: AccountDoor, ctx: Context): void {
  const { le } = ctx.query;
  const date = typeof le === 'string' && DATE.test(le) ? new Date(`${le}T12:00:00Z`) : null;
  const forgetAt = date !== null && !Number.isNaN(date.getTime()) ? date : null;
  const page: ForgetAskedPage = { forgetAt, loginHref: '/' };
  showPage(deps, ctx, 'account/forget/asked', page);
}
