import { z } from 'zod';
import { type KeyShown, passkeysOf, removePasskey, renamePasskey } from '../../credentials/passkeys.ts';
import { type Context, identifierOf, partOf, visitor } from '../../http/context.ts';
import { Fault } from '../../http/errors.ts';
import { field, readForm } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { queueAccountNotice } from '../../messages/account-notice.ts';
import { frameOf } from '../frame.ts';
import { keepingSession } from '../keep-session.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import { NAME_LIMIT } from './add.ts';
import { LIST } from './address.ts';
import { listWith } from './list.ts';
import type { RemoveKeyPage, RenameKeyPage } from './pages.ts';

const FORM = z.object({ name: z.string().trim().min(1, 'missing').max(NAME_LIMIT, 'too-long') });

/** The key of the address; of another account there is none. */
async function keyOf({ deps }: AccountDoor, ctx: Context, { account }: AccountSession): Promise<KeyShown> {
  const id = partOf(ctx, 'key');
  const key = (await passkeysOf(deps, account.id)).find(({ publicId }) => publicId === id);
  if (key === undefined) throw new Fault('EC-404-PAGE');
  return key;
}

/** GET /compte/cles/:key/nom */
export async function showRename(
  door: AccountDoor,
  ctx: Context,
  session: AccountSession,
  errors: RenameKeyPage['errors'] = [],
): Promise<void> {
  const { name } = await keyOf(door, ctx, session);
  const page: RenameKeyPage = {
    frame: frameOf(door, ctx),
    action: ctx.path,
    name: errors.length > 0 ? field(ctx, 'name') : name,
    errors,
    listHref: LIST,
  };
  showPage(door.deps, ctx, 'account/passkeys/rename', page, errors.length > 0 ? 400 : 200);
}

/** POST /compte/cles/:key/nom */
export async function takeRename(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { publicId } = await keyOf(door, ctx, session);
  const form = readForm<typeof FORM.shape, 'missing' | 'too-long'>(ctx, FORM);
  if (!form.ok) return showRename(door, ctx, session, form.errors);
  const key = { accountId: session.account.id, publicId, name: form.values.name };
  seeOther(ctx, listWith((await renamePasskey(door.deps, key)) ? 'renommee' : 'rien'));
}

/** GET /compte/cles/:key/supprimer */
export async function showRemove(
  door: AccountDoor,
  ctx: Context,
  session: AccountSession,
  lastWay = false,
): Promise<void> {
  const { name } = await keyOf(door, ctx, session);
  const page: RemoveKeyPage = {
    frame: frameOf(door, ctx),
    action: ctx.path,
    name,
    lastWay,
    passwordHref: door.pages.has('/compte/mot-de-passe') ? '/compte/mot-de-passe' : null,
    listHref: LIST,
  };
  showPage(door.deps, ctx, 'account/passkeys/remove', page, lastWay ? 400 : 200);
}

/** POST /compte/cles/:key/supprimer */
export async function takeRemove(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { deps } = door;
  const publicId = identifierOf(partOf(ctx, 'key'));
  const request = { account: session.account, publicId, ...visitor(ctx) };
  const result = await keepingSession(door, session, (keep) =>
    removePasskey(deps, request, async (trx, account) => {
      await keep(trx, account);
      await queueAccountNotice(deps, trx, { account, kind: 'passkey-removed', now: deps.clock.now() });
    }),
  );
  if (result.ok) return seeOther(ctx, listWith('supprimee'));
  if (result.reason === 'last-way') return showRemove(door, ctx, session, true);
  seeOther(ctx, listWith('rien'));
}
