import type { Context } from '../http/context.ts';
import { seeOther, showPage } from '../http/page.ts';
import { closeStaffSession } from '../staff/sessions.ts';
import { frameOf } from './frame.ts';
import type { SignedOutPage } from './pages.ts';
import { sessionHash, writeCookie } from './session.ts';
import type { AdminDoor } from './types.ts';

const SIGNED_OUT_PATH = '/admin/deconnecte';

/** POST /admin/deconnexion: out of here, and out of the portal where it offers that. */
export async function signOut(door: AdminDoor, ctx: Context): Promise<void> {
  const { deps } = door;
  const tokens = await closeStaffSession(deps, sessionHash(door, ctx));
  writeCookie(deps.config, ctx, 'session', null);
  const postLogoutRedirectUri = deps.config.BASE_URL + SIGNED_OUT_PATH;
  const elsewhere =
    tokens && (await deps.academicPortal?.endSessionUrl({ idToken: tokens.idToken, postLogoutRedirectUri }));
  seeOther(ctx, elsewhere ?? SIGNED_OUT_PATH);
}

/** GET /admin/deconnecte */
export function showSignedOut(door: AdminDoor, ctx: Context): void {
  const page: SignedOutPage = {
    frame: frameOf(door, ctx, null, { module: 'administration' }),
    loginHref: '/admin',
  };
  showPage(door.deps, ctx, 'admin/signed-out', page);
}
