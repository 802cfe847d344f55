import Router from '@koa/router';
import type { Context, RequestState } from '../http/context.ts';
import { protectForms } from '../http/csrf.ts';
import { seeOther } from '../http/page.ts';
import { linkBinding } from './address/links.ts';
import { withProof, withSession } from './proof.ts';
import { ACCOUNT_ROUTES } from './route-table.ts';
import { formBinding } from './session.ts';
import type { AccountDoor, AccountRoute } from './types.ts';

/**
 * « Mon compte »: the pages of a person's own account.
 * @param table the routes; a test may add some
 */
export function accountRoutes(
  parts: Omit<AccountDoor, 'pages'>,
  table: readonly AccountRoute[] = ACCOUNT_ROUTES,
): Router<RequestState> {
  const pages = table.filter(({ method }) => method === 'get').map(({ path }) => path);
  const door: AccountDoor = { ...parts, pages: new Set(pages) };
  const router = new Router<RequestState>();
  router.use(
    '/compte',
    protectForms(door.deps.config, (ctx) => formBinding(door, ctx)),
  );
  router.use('/adresse/:what/:token', protectForms(door.deps.config, linkBinding));
  for (const route of table) {
    const answer = wrapped(route);
    router[route.method](route.path, (ctx) => answer(door, ctx));
  }
  // Where a refused form was sent to: asked for again, in another language say, it is the page above.
  for (const { method, path } of table) {
    if (method === 'post' && !door.pages.has(path) && door.pages.has(above(path)))
      router.get(path, (ctx) => seeOther(ctx, above(ctx.path)));
  }
  return router;
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'));

function wrapped(route: AccountRoute): (door: AccountDoor, ctx: Context) => Promise<void> | void {
  switch (route.needs) {
    case 'nobody':
      return route.handle;
    case 'session':
      return withSession(route.handle, route.kinds);
    case 'proof':
      return withProof(route.handle, route.kinds);
  }
}
