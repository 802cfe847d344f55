import type { Account } from '../../accounts/types.ts';
import type { Actor } from '../../audit/record.ts';
import { tokenHash } from '../../crypto/digests.ts';
import { type Context, visitor } from '../../http/context.ts';
import { csrfToken } from '../../http/csrf.ts';
import { field } from '../../http/form.ts';
import { findLatestBatch } from '../../messages/notify-store.ts';
import { staffActor } from '../../staff/sessions.ts';
import { sessionHash } from '../session.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import type { HiddenField } from './pages.ts';

/** What the handlers of this folder share: addresses, who acts, and what makes a form one. */

export const pathsOf = ({ school }: Pick<SchoolVisit, 'school'>) => {
  const base = `/admin/etablissements/${school.uai}`;
  return {
    list: `${base}/responsables`,
    notify: `${base}/responsables/notifier`,
    reset: `${base}/responsables/reinitialiser`,
    batches: `${base}/distributions`,
    batch: (id: string) => `${base}/distributions/${id}`,
    letters: (id: string) => `${base}/distributions/${id}/courrier.pdf`,
    account: (publicId: string) => `${base}/comptes/${publicId}`,
  };
};

export const actorOf = (ctx: Context, { staff }: Pick<SchoolVisit, 'staff'>): Actor => ({
  actorKind: 'school',
  actor: staffActor(staff),
  ...visitor(ctx),
});

export const csrfOf = (door: AdminDoor, ctx: Context) =>
  csrfToken(door.deps.config, { scope: 'session', id: sessionHash(door, ctx) });

/** « ZOUMN Guillaume » */
export const nameOf = ({ familyName, givenName }: Pick<Account, 'familyName' | 'givenName'>) =>
  `${familyName.toUpperCase()} ${givenName}`;

/** A part of the address, as the router read it. */
export const partOf = (ctx: Context, name: string): string =>
  String((ctx as unknown as { params: Record<string, string | undefined> }).params[name] ?? '');

/**
 * What makes a confirmation one: who asks what for whom since the school's last distribution. The same page in two tabs,
 * or sent twice, is one; after the distribution the same question is a new one.
 */
export async function onceOf(
  { deps }: AdminDoor,
  { staff, school }: Pick<SchoolVisit, 'staff' | 'school'>,
  what: readonly string[],
  fields: readonly HiddenField[],
): Promise<string> {
  const latest = await findLatestBatch(deps.db, school.id);
  return tokenHash(JSON.stringify([staffActor(staff), school.uai, what, fields, latest]));
}

/** The mark of the form that was sent; null: it has none, and must be confirmed again. */
export function sentOnce(ctx: Context): string | null {
  const once = field(ctx, 'once');
  return /^[\w-]{43}$/.test(once) ? once : null;
}
