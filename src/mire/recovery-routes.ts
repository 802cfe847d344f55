import type Router from '@koa/router';
import type { RecoveryGoal } from '../enrolment/recovery-code.ts';
import type { RequestState } from '../http/context.ts';
import { protectForms } from '../http/csrf.ts';
import { seeOther } from '../http/page.ts';
import { linkBinding } from './activation-link.ts';
import { showNotMe, takeNotMe } from './not-me.ts';
import { showNothingReceived } from './nothing-received.ts';
import { RECOVERY_PATHS, showRecovery, showSent, takeMailRecovery, takeSmsRecovery } from './recovery.ts';
import {
  recovering,
  resendCode,
  showIdentifiers,
  showNewPassword,
  showRecoveryCode,
  takeNewPassword,
  takeRecoveryCode,
} from './recovery-code.ts';
import { showRecoverLink, takeRecoverLink } from './recovery-link.ts';
import { type Mire, visiting } from './visit.ts';

/** « Identifiant oublié », « Mot de passe oublié », « Je n'ai rien reçu »: below `/interaction/:uid`. */
export function addRecoveryRoutes(router: Router<RequestState>, mire: Mire): void {
  const goals: RecoveryGoal[] = ['identifier', 'password'];
  for (const goal of goals) {
    const own = `/interaction/:uid/${RECOVERY_PATHS[goal]}`;
    router.get(own, visiting(mire, showRecovery(goal, 'mail')));
    router.post(own, visiting(mire, takeMailRecovery(goal)));
    router.get(`${own}/envoye`, visiting(mire, showSent(goal)));
    router.get(`${own}/sms`, visiting(mire, showRecovery(goal, 'sms')));
    router.post(`${own}/sms`, visiting(mire, takeSmsRecovery(goal)));
    router.get(`${own}/code`, visiting(mire, recovering(goal, 'code', showRecoveryCode)));
    router.post(`${own}/code`, visiting(mire, recovering(goal, 'code', takeRecoveryCode)));
    router.get(`${own}/renvoyer`, (ctx) => seeOther(ctx, ctx.path.replace(/renvoyer$/, 'code')));
    router.post(`${own}/renvoyer`, visiting(mire, recovering(goal, 'code', resendCode)));
  }
  const result = `/interaction/:uid/${RECOVERY_PATHS.identifier}/resultat`;
  router.get(result, visiting(mire, recovering('identifier', 'proved', showIdentifiers)));
  const password = `/interaction/:uid/${RECOVERY_PATHS.password}/nouveau`;
  const shown = recovering('password', 'proved', (visit, recovery) => showNewPassword(visit, recovery));
  router.get(password, visiting(mire, shown));
  router.post(password, visiting(mire, recovering('password', 'proved', takeNewPassword)));
  router.get('/interaction/:uid/code/rien-recu', visiting(mire, showNothingReceived));
}

/** The links of mails and SMS, which belong to no sign-in. */
export function addLinkRoutes(router: Router<RequestState>, mire: Mire): void {
  const links = [
    { path: '/mot-de-passe/:token', show: showRecoverLink, take: takeRecoverLink },
    { path: '/ce-n-est-pas-moi/:token', show: showNotMe, take: takeNotMe },
  ];
  for (const { path, show, take } of links) {
    router.use(path, protectForms(mire.deps.config, linkBinding));
    router.get(path, (ctx) => show(mire, ctx));
    router.post(path, (ctx) => take(mire, ctx));
  }
}
