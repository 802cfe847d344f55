import Router from '@koa/router';
import type { Deps } from '../deps.ts';
import type { Context, RequestState } from '../http/context.ts';
import { protectForms } from '../http/csrf.ts';
import { Fault } from '../http/errors.ts';
import { confirmRights } from '../staff/confirm.ts';
import { accessTo } from '../staff/rights.ts';
import { currentStaffSession } from '../staff/sessions.ts';
import type { StaffSession } from '../staff/types.ts';
import { LISTED_FIELDS } from './guardians/search.ts';
import { showNeedsKey } from './home.ts';
import { recordRefusal } from './refusals.ts';
import { ADMIN_ROUTES } from './route-table.ts';
import { sessionHash } from './session.ts';
import { beginSignIn, pageAsked, showRefused } from './sign-in.ts';
import type { AdminDoor, AdminRoute } from './types.ts';

/**
 * The directors' module and the pupils' troubleshooting.
 * @param table the routes; a test may add some
 */
export function adminRoutes(
  { deps }: { deps: Deps },
  table: readonly AdminRoute[] = ADMIN_ROUTES,
): Router<RequestState> {
  const door: AdminDoor = { deps, paths: new Set(table.map(({ path }) => path)), kept: {} };
  const router = new Router<RequestState>();
  router.use(
    '/admin',
    protectForms(deps.config, (ctx) => ({ scope: 'session', id: sessionHash(door, ctx) }), LISTED_FIELDS),
  );
  for (const route of table) router[route.method](route.path, (ctx) => answer(door, ctx, route, ctx.params));
  return router;
}

/** Asks for what the route needs, and hands over to it. */
async function answer(
  door: AdminDoor,
  ctx: Context,
  route: AdminRoute,
  { uai = '' }: Readonly<Record<string, string>>,
): Promise<void> {
  if (route.needs === 'nobody') return route.handle(door, ctx);
  let staff = await currentStaffSession(door.deps, sessionHash(door, ctx));
  if (staff === null) return beginSignIn(door, ctx, { returnTo: pageAsked(ctx) });
  if (route.needs === 'session') return route.handle(door, ctx, { staff });

  const { module, degree, sensitive, head } = route.needs;
  const of = module === 'troubleshooting' ? 'pupil' : (route.needs.of ?? 'guardian');
  if (sensitive) {
    const confirmed = await confirmRights(door.deps, staff);
    if (!confirmed.ok && confirmed.reason === 'unreachable') return showRefused(door, ctx, 'unreachable');
    if (!confirmed.ok) staff = null;
    else if (confirmed.read) staff = await currentStaffSession(door.deps, staff.idHash);
    if (staff === null) return beginSignIn(door, ctx, { returnTo: pageAsked(ctx) });
  }
  const rights = rightsAt(staff, uai);
  const access = rights === null ? 'closed' : accessTo(module, rights, staff);
  const elsewhere =
    rights === null ||
    (degree !== undefined && rights.school.degree !== degree) ||
    (head === true && !rights.roles.includes('head'));
  if (elsewhere || access === 'closed') {
    await recordRefusal(door, ctx, staff, uai);
    throw new Fault('EC-404-PAGE');
  }
  if (access === 'needs-key') return showNeedsKey(door, ctx, staff, rights);
  return route.handle(door, ctx, { staff, rights, school: rights.school, module, of });
}

/** By the exact UAI: another spelling of it is another address. */
const rightsAt = (staff: StaffSession, uai: string) =>
  staff.schools.find(({ school }) => school.uai === uai) ?? null;
