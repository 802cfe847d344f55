import { z } from 'zod';
import { HasherBusy } from '../../credentials/hasher.ts';
import { provisionalMonths } from '../../credentials/provisional.ts';
import {
  BOTH_PROVED_WITHIN_MS,
  proveSecondAccount,
  type SecondAccountRefusal,
} from '../../enrolment/second-account.ts';
import { type Context, visitor } from '../../http/context.ts';
import { Fault } from '../../http/errors.ts';
import { field, readForm } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import { AGAIN, isProved } from '../proof.ts';
import { beginProof } from '../sign-in.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import type { AttachError, AttachPage, AttachProblem } from './pages.ts';

export const ATTACH = '/compte/rattacher';
export const CONFIRM = `${ATTACH}/confirmer`;
export const DONE = `${ATTACH}/fait`;
/** What the form says when the second account has to be proved anew. */
const OVER = 'avis=recommencer';
const BUSY_RETRY_S = 30;

const FORM = z.object({
  identifier: z.string().min(1, 'missing').max(200, 'too-long'),
  password: z.string().min(1, 'missing').max(256, 'too-long'),
});

/**
 * Both accounts must have been proved within five minutes: shorter than what other pages ask for (security.md 1.5).
 * @returns false when he is on his way to prove it again, and comes back to `to`
 */
export function hasJustProved(door: AccountDoor, ctx: Context, session: AccountSession, to: string): boolean {
  if (isProved(door, session, BOTH_PROVED_WITHIN_MS)) return true;
  beginProof(door, ctx, session.account, ctx.method === 'GET' ? to : `${to}?${AGAIN}`);
  return false;
}

/** The form again, which says that the second account must be proved once more. */
export const attachAgain = (ctx: Context): void => seeOther(ctx, `${ATTACH}?${OVER}`);

/** GET /compte/rattacher */
export function showAttach(door: AccountDoor, ctx: Context, session: AccountSession): void {
  if (!hasJustProved(door, ctx, session, ATTACH)) return;
  const over = ctx.querystring.split('&').includes(OVER);
  showForm(door, ctx, session, { problem: over ? 'over' : null });
}

/** POST /compte/rattacher: identifier and password of the second account. */
export async function takeAttach(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  if (!hasJustProved(door, ctx, session, ATTACH)) return;
  const form = readForm<typeof FORM.shape, AttachError['reason']>(ctx, FORM);
  if (!form.ok) return showForm(door, ctx, session, { errors: form.errors }, 400);
  const { account, sessionUid } = session;
  const given = { sessionUid, account, ...form.values, ...visitor(ctx) };
  const refused = await prove(door, given);
  switch (refused) {
    case null:
      return seeOther(ctx, CONFIRM);
    case 'too-many':
      throw new Fault('EC-429-RATE', { retryAfterSeconds: 300 });
    case 'busy':
      ctx.set('Retry-After', String(BUSY_RETRY_S));
      return showForm(door, ctx, session, { problem: 'busy' }, 503);
    case 'locked':
      // As at the login page: it must not tell whether the account exists or is locked.
      return showForm(door, ctx, session, { problem: 'wrong' }, 400);
    default:
      return showForm(door, ctx, session, { problem: refused }, 400);
  }
}

async function prove(
  { deps }: AccountDoor,
  given: Parameters<typeof proveSecondAccount>[1],
): Promise<SecondAccountRefusal | 'busy' | null> {
  try {
    const proved = await proveSecondAccount(deps, given);
    return proved.ok ? null : proved.reason;
  } catch (error) {
    if (error instanceof HasherBusy) return 'busy';
    throw error;
  }
}

function showForm(
  door: AccountDoor,
  ctx: Context,
  { account }: AccountSession,
  shown: { errors?: AttachError[]; problem?: AttachProblem | null },
  status = 200,
): void {
  const page: AttachPage = {
    frame: frameOf(door, ctx),
    action: ATTACH,
    ownIdentifier: account.identifier,
    identifier: field(ctx, 'identifier'),
    errors: shown.errors ?? [],
    problem: shown.problem ?? null,
    provisionalMonths: provisionalMonths(door.deps.config),
  };
  showPage(door.deps, ctx, 'account/regroup/form', page, status);
}
