import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import Router from '@koa/router';
import Koa from 'koa';
import mount from 'koa-mount';
import { type JWK, Provider } from 'oidc-provider';
import { redated } from './franceconnect-clock.ts';
import { deskPage } from './franceconnect-pages.ts';
import type { FranceConnectPerson, Identity } from './franceconnect-people.ts';
import {
  type FranceConnectClient,
  franceConnectRules,
  MOUNT,
  refusedParameter,
} from './franceconnect-rules.ts';
import { readBody, refuse, visitorRoutes } from './franceconnect-sign-in.ts';
import { listenAt } from './listen.ts';
import { memoryAdapter } from './memory-adapter.ts';

/** A simulator of FranceConnect v2 (integration.md 1.9): as strict as the real one, with sample people. */

export type FranceConnectSettings = {
  /** Such as `http://localhost:3001`; the issuer is below it. */
  origin: string;
  clients: readonly FranceConnectClient[];
  people: readonly FranceConnectPerson[];
};

/**
 * `slow`: every answer of its endpoints takes `SLOW_MS`; `down`: each is an error of the server; `wrong-clock`: what it
 * signs is dated `BEHIND_S` too early.
 */
export const FRANCECONNECT_MODES = ['up', 'slow', 'down', 'wrong-clock'] as const;
export type FranceConnectMode = (typeof FRANCECONNECT_MODES)[number];

export type FranceConnectSimulator = {
  issuer: string;
  app: Koa;
  setMode(mode: FranceConnectMode): void;
  /** A new key; `sameKid`: under the name of the old one. */
  rotateKey(options?: { sameKid?: boolean }): void;
};

const SLOW_MS = 8000;
const BEHIND_S = 300;

/** The simulator as a Koa application that does not listen. */
export function createFranceConnectSimulator(settings: FranceConnectSettings): FranceConnectSimulator {
  const issuer = settings.origin + MOUNT;
  const people = new Map(settings.people.map((person) => [person.login, person]));
  const visits = new Map<string, number>();
  const cookieKeys = [randomBytes(32).toString('base64url')];
  const adapter = memoryAdapter();
  let generation = 0;
  let mode: FranceConnectMode = 'up';

  const identityOf = (login: string): Identity | undefined => {
    const person = people.get(login);
    return person && { ...person.identity, ...((visits.get(login) ?? 0) > 1 ? person.later : {}) };
  };
  const build = (key: JWK) => {
    const rules = { clients: settings.clients, keys: [key], cookieKeys, adapter, identityOf };
    return new Provider(issuer, franceConnectRules(rules));
  };
  let key = newKey(kidOf(generation));
  let provider = build(key);
  let handler = mount(MOUNT, provider);

  const app = new Koa();
  app.keys = cookieKeys;
  app.silent = true;
  const simulator: FranceConnectSimulator = {
    issuer,
    app,
    setMode(next) {
      mode = next;
    },
    rotateKey({ sameKid = false } = {}) {
      if (!sameKid) generation += 1;
      key = newKey(kidOf(generation));
      provider = build(key);
      handler = mount(MOUNT, provider);
    },
  };

  const visitor = visitorRoutes({ provider: () => provider, people, visits, identityOf });
  const desk = deskRoutes(settings, simulator, () => mode);
  app.use(async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Referrer-Policy', 'no-referrer');
    if (!ctx.path.startsWith(`${MOUNT}/`)) return next();
    if (mode === 'down') return refuse(ctx, 503, 'Y000000', 'FranceConnect est indisponible.');
    if (mode === 'slow') await pause(SLOW_MS);
    return next();
  });
  app.use(desk.routes());
  app.use(whiteList);
  app.use(visitor.routes());
  app.use(async (ctx, next) => {
    await handler(ctx, next);
    if (mode === 'wrong-clock') await redate(ctx, key);
  });
  return simulator;
}

/** The ID token and the user information, as a clock that goes wrong dates them. */
async function redate(ctx: Koa.Context, key: JWK): Promise<void> {
  const answer = ctx.body as string | { id_token?: string } | undefined;
  if (ctx.path === `${MOUNT}/userinfo` && typeof answer === 'string')
    ctx.body = await redated(answer, key, -BEHIND_S);
  if (ctx.path === `${MOUNT}/token` && typeof answer === 'object' && answer.id_token !== undefined)
    ctx.body = { ...answer, id_token: await redated(answer.id_token, key, -BEHIND_S) };
}

/** @throws Error (EADDRINUSE) when the port is taken */
export async function startFranceConnect(
  settings: FranceConnectSettings,
  { host }: { host?: string } = {},
): Promise<FranceConnectSimulator & { stop(): Promise<void> }> {
  const simulator = createFranceConnectSimulator(settings);
  return { ...simulator, stop: await listenAt(simulator.app, settings.origin, host) };
}

/** Named as those of its hardware module. */
const kidOf = (generation: number) => `pkcs11:ES256:hsm${generation === 0 ? '' : generation + 1}`;

function newKey(kid: string): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...(privateKey.export({ format: 'jwk' }) as JWK), kid, alg: 'ES256', use: 'sig' };
}

/** What stands before the library: parameters, the forced login, the obligatory hint of a logout. */
async function whiteList(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  if (ctx.path === `${MOUNT}/authorize`) {
    const wrong = refusedParameter(ctx.query);
    if (wrong !== null) return refuse(ctx, 400, 'Y030007', `Paramètre refusé : ${wrong}`);
    // It asks each time, whatever the service wanted (integration.md 1.2).
    ctx.query = { ...ctx.query, prompt: 'login' };
  }
  if (ctx.path === `${MOUNT}/session/end` && !ctx.query.id_token_hint)
    return refuse(ctx, 400, 'Y030009', 'Paramètre manquant : id_token_hint');
  // The library takes the secret in a header for the same (integration.md 1.1: client_secret_post).
  if (ctx.path === `${MOUNT}/token` && /^Basic /i.test(ctx.get('Authorization'))) {
    ctx.status = 401;
    ctx.body = { error: 'invalid_client', error_description: 'client authentication failed' };
    return;
  }
  await next();
}

function deskRoutes(
  { people }: FranceConnectSettings,
  simulator: FranceConnectSimulator,
  mode: () => FranceConnectMode,
): Router {
  const router = new Router();
  router.get('/', (ctx) => {
    ctx.type = 'html';
    ctx.body = deskPage(people, mode());
  });
  router.post('/', async (ctx) => {
    const wanted = new URLSearchParams(await readBody(ctx)).get('faire');
    if (wanted === 'rotate') simulator.rotateKey();
    const chosen = FRANCECONNECT_MODES.find((one) => one === wanted);
    if (chosen !== undefined) simulator.setMode(chosen);
    ctx.status = 303;
    ctx.redirect('/');
  });
  return router;
}
