import { answerPasskeyOffer, isPasskeyOffered } from '../../credentials/passkeys.ts';
import { tokenHash } from '../../crypto/digests.ts';
import type { Context } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { seeOther } from '../../http/page.ts';
import { csrfOf } from '../frame.ts';
import type { HomeFacts } from '../home-store.ts';
import type { PasskeyOffer } from '../pages.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import { addressOf } from './address.ts';

/**
 * What « Mon compte » offers after the activation. It stands on the home page and nowhere on the way to a service: whoever
 * wants to get to his child's marks is never kept.
 */
export function passkeyOffer(
  door: AccountDoor,
  ctx: Context,
  { sessionUid }: AccountSession,
  facts: HomeFacts,
): PasskeyOffer {
  if (!isPasskeyOffered(facts, tokenHash(sessionUid))) return null;
  return { addHref: addressOf('ajouter'), action: addressOf('proposition'), csrf: csrfOf(door, ctx) };
}

/** POST /compte/cles/proposition: « Plus tard » (`answer=later`) or « Ne plus proposer » (`never`). */
export async function takeOffer(
  { deps }: AccountDoor,
  ctx: Context,
  { account, sessionUid }: AccountSession,
): Promise<void> {
  const answer = field(ctx, 'answer') === 'never' ? 'never' : 'later';
  await answerPasskeyOffer(deps, account.id, { answer, session: tokenHash(sessionUid) });
  seeOther(ctx, '/');
}
