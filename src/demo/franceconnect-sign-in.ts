import Router from '@koa/router';
import type Koa from 'koa';
import type { InteractionResults, Provider } from 'oidc-provider';
import { consentPage, errorPage, signInPage } from './franceconnect-pages.ts';
import type { FranceConnectPerson, Identity } from './franceconnect-people.ts';
import { MOUNT } from './franceconnect-rules.ts';

const STOPS = {
  Y010004: "Vos informations d'identité n'ont pas été retrouvées dans le registre national.",
  Y010015: 'Les informations du registre national ne permettent pas de vous connecter.',
};

type VisitorParts = {
  provider: () => Provider;
  people: ReadonlyMap<string, FranceConnectPerson>;
  visits: Map<string, number>;
  identityOf(login: string): Identity | undefined;
};

/** The pages of a sign-in: an identifier, filled in for who is signed in there already, then « Continuer ». */
export function visitorRoutes({ provider, people, visits, identityOf }: VisitorParts): Router {
  const router = new Router();
  const chosen = new Map<string, string>();
  const start = `${MOUNT}/interaction/:uid`;
  const at = (uid: string) => ({
    login: `${MOUNT}/interaction/${uid}/login`,
    continue: `${MOUNT}/interaction/${uid}/continue`,
    cancel: `${MOUNT}/interaction/${uid}/cancel`,
  });
  const details = (ctx: Koa.Context) => provider().interactionDetails(ctx.req, ctx.res);
  const finish = async (ctx: Koa.Context, result: InteractionResults) => {
    const to = await provider().interactionResult(ctx.req, ctx.res, result);
    ctx.status = 303;
    ctx.redirect(to);
  };
  const consent = async (ctx: Koa.Context, login: string) => {
    const { uid, params } = await details(ctx);
    const client = await provider().Client.find(String(params.client_id));
    chosen.set(uid, login);
    visits.set(login, (visits.get(login) ?? 0) + 1);
    ctx.type = 'html';
    ctx.body = consentPage(
      client?.clientName ?? 'un service',
      identityOf(login) ?? {},
      String(params.scope).split(' '),
      {
        action: at(uid).continue,
        cancel: at(uid).cancel,
      },
    );
  };

  router.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      // The page was loaded after the sign-in was over, or in another browser.
      if ((error as Error).name !== 'SessionNotFound') throw error;
      refuse(ctx, 400, 'Y420001', 'Votre session a expiré.');
    }
  });
  router.get(start, async (ctx) => {
    const { uid, session } = await details(ctx);
    ctx.type = 'html';
    ctx.body = signInPage({ action: at(uid).login, cancel: at(uid).cancel }, session?.accountId);
  });
  router.post(`${start}/login`, async (ctx) => {
    const { uid } = await details(ctx);
    const login = new URLSearchParams(await readBody(ctx)).get('login')?.trim().toLowerCase() ?? '';
    const person = people.get(login);
    if (person?.stopsWith) return refuse(ctx, 400, person.stopsWith, STOPS[person.stopsWith]);
    if (person) return consent(ctx, login);
    ctx.status = 400;
    ctx.type = 'html';
    const links = { action: at(uid).login, cancel: at(uid).cancel };
    ctx.body = signInPage(links, login, 'Cet identifiant est inconnu.');
  });
  router.post(`${start}/continue`, async (ctx) => {
    const { uid } = await details(ctx);
    const login = chosen.get(uid);
    if (login === undefined) return refuse(ctx, 400, 'Y420001', 'Votre session a expiré.');
    chosen.delete(uid);
    await finish(ctx, { login: { accountId: login, acr: 'eidas1', amr: ['pwd'] } });
  });
  router.get(`${start}/cancel`, async (ctx) => {
    await details(ctx);
    await finish(ctx, { error: 'access_denied', error_description: 'user authentication aborted' });
  });
  return router;
}

/** A page of FranceConnect's own, from which nobody returns. */
export function refuse(ctx: Koa.Context, status: number, code: string, message: string): void {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = errorPage(code, message);
}

/** An urlencoded body, as text. */
export async function readBody(ctx: Koa.Context): Promise<string> {
  let text = '';
  for await (const chunk of ctx.req) {
    text += String(chunk);
    if (text.length > 16_384) throw new Error('the request is too large');
  }
  return text;
}
