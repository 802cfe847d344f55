import { tokenHash } from '../../crypto/digests.ts';
import type { Context } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { findLatestBatch } from '../../messages/notify-store.ts';
import { staffActor } from '../../staff/sessions.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import type { HiddenField } from './pages.ts';

/** What the handlers of this folder share: pages of lists, and what makes a form one. */

/** A page of a list. @param query what else its address asks, `?q=...` */
export const pageHref =
  (here: string, query = '') =>
  (page: number) =>
    page === 1 ? here + query : `${here}${query === '' ? '?' : `${query}&`}page=${page}`;

/**
 * What makes a confirmation one: who asks what for whom since the school's last distribution. The same page in two tabs,
 * or sent twice, is one; after the distribution the same question is a new one.
 */
export async function onceOf(
  { deps }: AdminDoor,
  { staff, school, module, of }: SchoolVisit,
  what: readonly string[],
  fields: readonly HiddenField[],
): Promise<string> {
  const latest = await findLatestBatch(deps.db, school.id);
  return tokenHash(JSON.stringify([staffActor(staff), school.uai, module, of, what, fields, latest]));
}

/** The mark of the form that was sent; null: it has none, and must be confirmed again. */
export function sentOnce(ctx: Context): string | null {
  const once = field(ctx, 'once');
  return /^[\w-]{43}$/.test(once) ? once : null;
}
