import { childrenOfAccount } from '../directory/children.ts';
import { plainSchoolName } from '../directory/names.ts';
import type { Context } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import { initiateHref } from '../http/initiate.ts';
import { showPage } from '../http/page.ts';
import type { HomePage } from './pages.ts';
import { currentSession, sessionHash } from './session.ts';
import { beginSignIn } from './sign-in.ts';
import type { AccountDoor } from './types.ts';

/** GET /: « Mon compte », or the way to it. */
export async function showHome(door: AccountDoor, ctx: Context): Promise<void> {
  const { deps, host } = door;
  const session = await currentSession(door, ctx);
  if (session === null) return beginSignIn(door, ctx);
  const { account } = session;
  const children = await childrenOfAccount(deps.db, account);
  const services = await host.servicesOfSchools(children.map(({ schoolId }) => schoolId));
  const page: HomePage = {
    kind: account.kind,
    name: `${account.givenName} ${account.familyName}`,
    services: services.map((service) => ({
      name: service.name,
      href: initiateHref(deps.config, service),
    })),
    children: children.map((child) => ({
      name: `${child.givenName} ${child.familyName}`,
      school: plainSchoolName(child.school),
      class: child.class,
    })),
    identifier: account.identifier,
    email:
      account.email === null ? null : { address: account.email, verified: account.emailVerifiedAt !== null },
    lastLoginAt: account.lastLoginAt,
    signOut: {
      action: '/compte/deconnexion',
      csrf: csrfToken(deps.config, { scope: 'session', id: sessionHash(door, ctx) }),
    },
  };
  showPage(deps, ctx, 'account/home', page);
}
