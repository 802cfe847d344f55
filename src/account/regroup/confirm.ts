import { regroupSecondAccount } from '../../enrolment/regroup-second.ts';
import { currentSecondAccount } from '../../enrolment/second-account.ts';
import { type Context, visitor } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import { ATTACH, attachAgain, CONFIRM, DONE, hasJustProved } from './form.ts';
import type { AttachConfirmPage, AttachDonePage } from './pages.ts';

/** GET /compte/rattacher/confirmer: which children will come. */
export async function showConfirm(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  if (!hasJustProved(door, ctx, session, CONFIRM)) return;
  const { account, sessionUid } = session;
  const second = await currentSecondAccount(door.deps, sessionUid, account);
  if (second === null) return seeOther(ctx, ATTACH);
  if (second === 'over') return attachAgain(ctx);
  if (second.done) return seeOther(ctx, DONE);
  const page: AttachConfirmPage = {
    frame: frameOf(door, ctx),
    action: CONFIRM,
    proof: second.key,
    ownIdentifier: account.identifier,
    identifier: second.identifier,
    name: second.name,
    children: second.children,
    againHref: ATTACH,
  };
  showPage(door.deps, ctx, 'account/regroup/confirm', page);
}

/** POST /compte/rattacher/confirmer: the two become one. */
export async function takeConfirm(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  if (!hasJustProved(door, ctx, session, CONFIRM)) return;
  const { account, sessionUid } = session;
  const request = { sessionUid, account, key: field(ctx, 'proof'), ...visitor(ctx) };
  let tellServices = async () => {};
  const result = await regroupSecondAccount(door.deps, request, async (trx, publicId) => {
    tellServices = await door.host.endSessionsOf(trx, publicId);
  });
  if (result.ok) {
    await tellServices();
    return seeOther(ctx, DONE);
  }
  switch (result.reason) {
    case 'over':
      return attachAgain(ctx);
    case 'changed':
      // Another tab has proved another account: he looks at it first.
      return seeOther(ctx, CONFIRM);
    case 'gone':
      // His session is over with the account that it was for.
      return seeOther(ctx, '/');
  }
}

/** GET /compte/rattacher/fait */
export async function showDone(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { account, sessionUid } = session;
  const second = await currentSecondAccount(door.deps, sessionUid, account);
  if (second === null || second === 'over' || !second.done) return seeOther(ctx, '/');
  const page: AttachDonePage = {
    frame: frameOf(door, ctx),
    identifier: second.identifier,
    ownIdentifier: account.identifier,
  };
  showPage(door.deps, ctx, 'account/regroup/done', page);
}
