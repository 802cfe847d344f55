import { endOwnSession, endOwnSessions } from '../enrolment/end-sessions.ts';
import { type Context, identifierOf, visitor } from '../http/context.ts';
import { field } from '../http/form.ts';
import { noticeOf, seeOther, showPage } from '../http/page.ts';
import { frameOf } from './frame.ts';
import { waysOf } from './history.ts';
import type { SessionsNotice, SessionsPage } from './pages.ts';
import { signOut } from './sign-out.ts';
import type { AccountDoor, AccountRoute, AccountSession } from './types.ts';

/** « Mes sessions »: where one is signed in, and how to end it there. */
const PATH = '/compte/sessions';
const END_ONE = `${PATH}/fermer`;
const END_ALL = `${PATH}/toutes`;

export const SESSIONS_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: PATH, needs: 'session', handle: showSessions },
  { method: 'post', path: END_ONE, needs: 'proof', handle: endOne },
  { method: 'post', path: END_ALL, needs: 'proof', handle: endAll },
];

const NOTICES: Record<string, SessionsNotice> = { fermee: 'one', autres: 'others', deja: 'over' };

/** GET /compte/sessions */
async function showSessions(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { account, sessionUid } = session;
  const known = await door.host.sessionsOf(account.publicId);
  const page: SessionsPage = {
    frame: frameOf(door, ctx),
    notice: noticeOf(ctx, NOTICES),
    sessions: known
      .map(({ uid, amr, ...rest }) => ({
        ...rest,
        id: uid,
        isThis: uid === sessionUid,
        ways: waysOf(amr.join(' ')),
      }))
      .sort((a, b) => Number(b.isThis) - Number(a.isThis)),
    version: account.credentialsVersion,
    endOneAction: END_ONE,
    endAllAction: END_ALL,
  };
  showPage(door.deps, ctx, 'account/sessions', page);
}

/** POST /compte/sessions/fermer: one other; this one is ended by « Se déconnecter ». */
async function endOne(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { deps, host } = door;
  const { account, sessionUid } = session;
  const uid = identifierOf(field(ctx, 'session'));
  if (uid === sessionUid) return signOut(door, ctx);
  let tellServices = async () => {};
  const ended = await endOwnSession(deps, account, visitor(ctx), async (trx) => {
    const telling = await host.endOneSession(trx, { accountPublicId: account.publicId, uid });
    tellServices = telling ?? tellServices;
    return telling !== null;
  });
  await tellServices();
  seeOther(ctx, `${PATH}?avis=${ended ? 'fermee' : 'deja'}`);
}

/** POST /compte/sessions/toutes: all others, and this one too when `which=all`. */
async function endAll(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const { deps, host } = door;
  const { account, sessionUid } = session;
  let tellServices = async () => {};
  const form = { formVersion: await versionMeant(door, ctx, session), ...visitor(ctx) };
  await endOwnSessions(deps, account, form, async (trx, credentialsVersion) => {
    tellServices = await host.endSessionsOf(trx, account.publicId, { sessionUid, credentialsVersion });
  });
  await tellServices();
  if (field(ctx, 'which') === 'all') return signOut(door, ctx);
  seeOther(ctx, `${PATH}?avis=autres`);
}

/**
 * Of the form, so that the same one sent twice ends them once. A form that has stood open since an earlier change means
 * the sessions that there are now: whoever has signed in meanwhile must not outlive « partout ».
 */
async function versionMeant(
  { host }: AccountDoor,
  ctx: Context,
  { account, sessionUid }: AccountSession,
): Promise<number> {
  const typed = Number(field(ctx, 'version'));
  if (typed === account.credentialsVersion) return typed;
  const open = await host.sessionsOf(account.publicId);
  return open.some(({ uid }) => uid !== sessionUid) ? account.credentialsVersion : typed;
}
