import type { Context } from '../http/context.ts';
import { seeOther, showPage } from '../http/page.ts';
import type { SignedOutPage } from './pages.ts';
import { closeSession } from './session.ts';
import type { AccountDoor } from './types.ts';

/** POST /compte/deconnexion: out of EduConnect and of all services that were opened with it. */
export async function signOut(door: AccountDoor, ctx: Context): Promise<void> {
  const uid = await closeSession(door, ctx);
  await door.host.endSession(ctx, uid ?? undefined);
  seeOther(ctx, '/compte/deconnecte');
}

/** GET /compte/deconnecte */
export function showSignedOut({ deps }: AccountDoor, ctx: Context): void {
  const page: SignedOutPage = { loginHref: '/' };
  showPage(deps, ctx, 'account/signed-out', page);
}
