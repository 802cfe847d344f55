import { keyedDigest, sameText } from '../../crypto/digests.ts';
import type { Deps } from '../../deps.ts';
import { type Context, partOf } from '../../http/context.ts';
import type { ChildLinks } from '../pages.ts';

type Settings = Pick<Deps['config'], 'COOKIE_KEYS'>;
type Holder = { publicId: string };

const LENGTH = 22;

const keyWith = (secret: string, account: Holder, pupilId: number): string =>
  keyedDigest(secret, 'own-child', account.publicId, String(pupilId)).slice(0, LENGTH);

/** Stands for a child in the addresses of his guardian's account, and means nothing in anybody else's. */
export const childKey = (config: Settings, account: Holder, pupilId: number): string =>
  keyWith(config.COOKIE_KEYS[0] ?? '', account, pupilId);

export const reportHref = (key: string): string => `/compte/enfants/${key}/signaler`;
export const passwordHref = (key: string): string => `/compte/enfants/${key}/mot-de-passe`;

/** What a guardian can do for a child; only those of the second degree have an account of their own. */
export function childLinks(
  config: Settings,
  account: Holder,
  { id, degree }: { id: number; degree: 1 | 2 },
): ChildLinks {
  const key = childKey(config, account, id);
  return { reportHref: reportHref(key), passwordHref: degree === 2 ? passwordHref(key) : null };
}

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
