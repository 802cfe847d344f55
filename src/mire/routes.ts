import Router from '@koa/router';
import type { RequestState } from '../http/context.ts';
import { protectForms } from '../http/csrf.ts';
import { seeOther } from '../http/page.ts';
import { linkBinding, showActivation, showOver, takeActivation } from './activation-link.ts';
import { takeDeliveryReport } from './delivery.ts';
import { addEnrolmentRoutes } from './enrolment-routes.ts';
import {
  showAddress,
  showBirthDate,
  showNewPassword,
  takeAddress,
  takeBirthDate,
  takeNewPassword,
} from './first-connection.ts';
import { arriveFromFranceConnect, leaveForFranceConnect, returnFromFranceConnect } from './franceconnect.ts';
import { INFORMATION, showInformation } from './information.ts';
import { givePasskeyOptions, takePasskey } from './passkey.ts';
import { begin, showPerson, takePerson } from './profile.ts';
import { addLinkRoutes, addRecoveryRoutes } from './recovery-routes.ts';
import { showSignIn, takeSignIn } from './sign-in.ts';
import { unlessSuspended } from './suspended.ts';
import { type Mire, standingAt, uidOf, visiting } from './visit.ts';
import { changeAddress, proceed, resend, showWaiting, tellStatus } from './waiting.ts';

/** Everything below `/interaction/:uid`: the way from a relying service's request to a login. */
export function interactionRoutes(mire: Mire): Router<RequestState> {
  const router = new Router<RequestState>();
  const start = '/interaction/:uid';
  router.use(
    start,
    protectForms(mire.deps.config, (ctx) => ({ scope: 'interaction', id: uidOf(ctx) })),
  );

  router.get(start, visiting(mire, begin));
  router.get(`${start}/personne`, visiting(mire, showPerson));
  router.post(`${start}/personne`, visiting(mire, takePerson));
  router.get(`${start}/connexion`, visiting(mire, showSignIn));
  router.post(`${start}/connexion`, visiting(mire, takeSignIn));
  router.post(`${start}/cle/options`, visiting(mire, givePasskeyOptions));
  router.post(`${start}/cle`, visiting(mire, takePasskey));

  router.get(
    `${start}/mot-de-passe`,
    standingAt(
      mire,
      'new-password',
      unlessSuspended((v, p) => showNewPassword(v, p)),
    ),
  );
  router.post(`${start}/mot-de-passe`, standingAt(mire, 'new-password', unlessSuspended(takeNewPassword)));
  router.get(
    `${start}/adresse`,
    standingAt(
      mire,
      'address',
      unlessSuspended((v, p) => showAddress(v, p)),
    ),
  );
  router.post(`${start}/adresse`, standingAt(mire, 'address', unlessSuspended(takeAddress)));
  router.get(
    `${start}/naissance`,
    standingAt(
      mire,
      'birth-date',
      unlessSuspended((v, p) => showBirthDate(v, p)),
    ),
  );
  router.post(`${start}/naissance`, standingAt(mire, 'birth-date', unlessSuspended(takeBirthDate)));
  router.get(`${start}/activation`, standingAt(mire, 'activation', showWaiting, showOver));
  router.post(`${start}/activation/renvoyer`, standingAt(mire, 'activation', resend));
  router.post(`${start}/activation/adresse`, standingAt(mire, 'activation', changeAddress));
  // Where a refused form was sent to: asked for again, in another language say, it is the page above.
  for (const sent of ['activation/renvoyer', 'activation/adresse', 'code/renvoyer'])
    router.get(`${start}/${sent}`, (ctx) => seeOther(ctx, ctx.path.slice(0, ctx.path.lastIndexOf('/'))));
  router.get(`${start}/etat`, visiting(mire, tellStatus));
  router.get(`${start}/continuer`, visiting(mire, proceed, showOver));
  router.post(`${start}/continuer`, visiting(mire, proceed, showOver));

  router.post(`${start}/franceconnect`, visiting(mire, leaveForFranceConnect));
  router.get(`${start}/franceconnect`, visiting(mire, arriveFromFranceConnect));
  addEnrolmentRoutes(router, mire, start);
  addRecoveryRoutes(router, mire);
  return router;
}

/** Pages that belong to no sign-in: the link of the activation mail, the footer. */
export function publicRoutes(mire: Mire): Router<RequestState> {
  const router = new Router<RequestState>();
  router.use('/activation/:token', protectForms(mire.deps.config, linkBinding));
  router.get('/activation/:token', (ctx) => showActivation(mire, ctx));
  router.post('/activation/:token', (ctx) => takeActivation(mire, ctx));
  router.get('/franceconnect/retour', (ctx) => returnFromFranceConnect(mire, ctx));
  // The carrier's: a signature stands for the token of a form.
  router.post('/sms/etat', (ctx) => takeDeliveryReport(mire, ctx));
  addLinkRoutes(router, mire);
  // Addresses that are printed in letters, and what programs ask of every site.
  for (const name of ['contacts', 'aide']) router.get(`/educt-aide/${name}`, (ctx) => seeOther(ctx, '/aide'));
  router.get('/favicon.ico', (ctx) => {
    ctx.status = 204;
  });
  router.get('/robots.txt', (ctx) => {
    ctx.type = 'text/plain';
    ctx.body = 'User-agent: *\nDisallow: /\n';
  });
  router.get('/aide/connexion', (ctx) => showInformation(mire.deps, ctx, 'aide-connexion'));
  for (const name of INFORMATION) router.get(`/${name}`, (ctx) => showInformation(mire.deps, ctx, name));
  return router;
}
