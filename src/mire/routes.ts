import Router from '@koa/router';
import type { RequestState } from '../http/context.ts';
import { protectForms } from '../http/csrf.ts';
import { linkBinding, showActivation, takeActivation } from './activation-link.ts';
import { showEntry } from './entry.ts';
import {
  showAddress,
  showBirthDate,
  showNewPassword,
  takeAddress,
  takeBirthDate,
  takeNewPassword,
} from './first-connection.ts';
import { INFORMATION, showInformation } from './information.ts';
import { begin, notYetOpen, showPerson, takePerson } from './profile.ts';
import { showSignIn, takeSignIn } from './sign-in.ts';
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

  router.get(
    `${start}/mot-de-passe`,
    standingAt(mire, 'new-password', (v, p) => showNewPassword(v, p)),
  );
  router.post(`${start}/mot-de-passe`, standingAt(mire, 'new-password', takeNewPassword));
  router.get(
    `${start}/adresse`,
    standingAt(mire, 'address', (v, p) => showAddress(v, p)),
  );
  router.post(`${start}/adresse`, standingAt(mire, 'address', takeAddress));
  router.get(
    `${start}/naissance`,
    standingAt(mire, 'birth-date', (v, p) => showBirthDate(v, p)),
  );
  router.post(`${start}/naissance`, standingAt(mire, 'birth-date', takeBirthDate));
  router.get(`${start}/activation`, standingAt(mire, 'activation', showWaiting));
  router.post(`${start}/activation/renvoyer`, standingAt(mire, 'activation', resend));
  router.post(`${start}/activation/adresse`, standingAt(mire, 'activation', changeAddress));
  router.get(`${start}/etat`, visiting(mire, tellStatus));
  router.get(`${start}/continuer`, visiting(mire, proceed));
  router.post(`${start}/continuer`, visiting(mire, proceed));

  router.post(`${start}/franceconnect`, visiting(mire, notYetOpen('franceconnect')));
  router.get(`${start}/inscription`, visiting(mire, notYetOpen('registration')));
  router.get(`${start}/identifiant-oublie`, visiting(mire, notYetOpen('identifier')));
  router.get(`${start}/mot-de-passe-oublie`, visiting(mire, notYetOpen('password')));
  return router;
}

/** Pages that belong to no sign-in: the entry, the link of the activation mail, the footer. */
export function publicRoutes(mire: Mire): Router<RequestState> {
  const router = new Router<RequestState>();
  router.get('/', (ctx) => showEntry(mire, ctx));
  router.get('/connexion', (ctx) => showEntry(mire, ctx));
  router.use('/activation/:token', protectForms(mire.deps.config, linkBinding));
  router.get('/activation/:token', (ctx) => showActivation(mire, ctx));
  router.post('/activation/:token', (ctx) => takeActivation(mire, ctx));
  for (const name of INFORMATION) router.get(`/${name}`, (ctx) => showInformation(mire.deps, ctx, name));
  return router;
}
