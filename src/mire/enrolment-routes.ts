import type Router from '@koa/router';
import type { RequestState } from '../http/context.ts';
import { showChildren, showNames, takeChildren, takeNames } from './children.ts';
import { showCode, takeCode, takeResend } from './code.ts';
import { showCredentials, takeCredentials } from './credentials.ts';
import { enrolling } from './enrolling.ts';
import { showMobile, showRegistration, takeMobile, takeRegistration } from './registration.ts';
import { type Mire, visiting } from './visit.ts';

/** The pages of the ways in that need no school, in the order in which a visitor meets them. */
export function addEnrolmentRoutes(router: Router<RequestState>, mire: Mire, start: string): void {
  router.get(
    `${start}/inscription`,
    visiting(mire, (visit) => showRegistration(visit)),
  );
  router.post(`${start}/inscription`, visiting(mire, takeRegistration));
  router.get(
    `${start}/telephone`,
    enrolling(mire, ['mobile', 'code'], (visit, at) => showMobile(visit, at)),
  );
  router.post(`${start}/telephone`, enrolling(mire, ['mobile', 'code'], takeMobile));
  router.get(
    `${start}/code`,
    enrolling(mire, ['code'], (visit, at) => showCode(visit, at)),
  );
  router.post(`${start}/code`, enrolling(mire, ['code'], takeCode));
  router.post(`${start}/code/renvoyer`, enrolling(mire, ['code'], takeResend));
  router.get(
    `${start}/nom`,
    enrolling(mire, ['names'], (visit, at) => showNames(visit, at)),
  );
  router.post(`${start}/nom`, enrolling(mire, ['names'], takeNames));
  router.get(`${start}/enfants`, enrolling(mire, ['children'], showChildren));
  router.post(`${start}/enfants`, enrolling(mire, ['children'], takeChildren));
  router.get(
    `${start}/identifiants`,
    enrolling(mire, ['credentials'], (visit, at) => showCredentials(visit, at)),
  );
  router.post(`${start}/identifiants`, enrolling(mire, ['credentials'], takeCredentials));
}
