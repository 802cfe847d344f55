import type { Context } from '../http/context.ts';
import { seeOther, showPage } from '../http/page.ts';
import type { SignedOutPage } from './pages.ts';
import { closeSession } from './session.ts';
import type { AccountDoor } from './types.ts';

const SIGNED_OUT = '/compte/deconnecte';

/** POST /compte/deconnexion: out of EduConnect and of all services that were opened with it. */
export async function signOut(door: AccountDoor, ctx: Context): Promise<void> {
  const uid = await closeSession(door, ctx);
  seeOther(ctx, await door.host.signOut(ctx, uid, `${door.deps.config.BASE_URL}${SIGNED_OUT}`));
}

/** GET /franceconnect/deconnexion: FranceConnect has ended its session too; on to where the logout was going. */
export async function comeFromFranceConnect({ host }: AccountDoor, ctx: Context): Promise<void> {
  const { state } = ctx.query;
  const next = typeof state === 'string' ? await host.afterFranceConnect(state) : null;
  seeOther(ctx, next ?? SIGNED_OUT);
}

/** GET /compte/deconnecte */
export function showSignedOut({ deps }: AccountDoor, ctx: Context): void {
  const page: SignedOutPage = { loginHref: '/' };
  showPage(deps, ctx, 'account/signed-out', page);
}
