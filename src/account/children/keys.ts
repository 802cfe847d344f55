import { keyedDigest, sameText } from '../../crypto/digests.ts';
import type { Deps } from '../../deps.ts';
import { type Context, partOf } from '../../http/context.ts';

type Settings = Pick<Deps['config'], 'COOKIE_KEYS'>;
type Holder = { publicId: string };

const LENGTH = 22;

const keyWith = (secret: string, account: Holder, pupilId: number): string =>
  keyedDigest(secret, 'own-child', account.publicId, String(pupilId)).slice(0, LENGTH);

/** Stands for a child in the addresses of his guardian's account, and means nothing in anybody else's. */
export const childKey = (config: Settings, account: Holder, pupilId: number): string =>
  keyWith(config.COOKIE_KEYS[0] ?? '', account, pupilId);

/** Which of these the address means; undefined: none. */
export function childOf<Child>(
  config: Settings,
  ctx: Context,
  account: Holder,
  children: readonly Child[],
  idOf: (child: Child) => number,
): Child | undefined {
  const asked = partOf(ctx, 'pupil');
  return children.find((child) =>
    config.COOKIE_KEYS.some((secret) => sameText(asked, keyWith(secret, account, idOf(child)))),
  );
}
