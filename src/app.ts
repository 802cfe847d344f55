import Koa from 'koa';
import { accountRoutes } from './account/routes.ts';
import type { AccountHost } from './account/types.ts';
import { adminRoutes } from './admin/routes.ts';
import type { Deps } from './deps.ts';
import { accessLog } from './http/access-log.ts';
import { loadAssets, serveAssets } from './http/assets.ts';
import type { Middleware, RequestState } from './http/context.ts';
import { errorPages } from './http/errors.ts';
import { knownWay } from './http/forwarded.ts';
import { healthRoutes } from './http/health.ts';
import { languages } from './http/language.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import { securityHeaders } from './http/security-headers.ts';
import { measureMessages } from './mire/measures.ts';
import { interactionRoutes, publicRoutes } from './mire/routes.ts';
import type { InteractionHost } from './mire/types.ts';

/** The OpenID Provider as the application sees it. */
export type ProviderParts = {
  /** Answers below `/oidc`, passes on what is not its own. */
  app: Middleware;
  host: InteractionHost & AccountHost;
};

/**
 * The whole web application, in the order in which a request meets its parts. It does not listen.
 * @param metrics given by a caller that also shows them on a port of its own
 */
export function createApp(
  deps: Deps,
  provider: ProviderParts,
  metrics: Metrics = createMetrics(deps),
): Koa<RequestState> {
  const { config, log } = deps;
  const app = new Koa<RequestState>();
  // What X-Forwarded-* say is written by knownWay, from configuration and trusted proxies only.
  app.proxy = true;
  app.keys = [...config.COOKIE_KEYS];
  app.on('error', (err: unknown) => log.warn({ err }, 'the answer could not be sent'));

  app.use(knownWay(config, deps.random));
  app.use(accessLog(log, metrics.measure));
  app.use(securityHeaders(config));
  app.use(languages(config, deps.clock));
  app.use(errorPages(deps));
  app.use(serveAssets(loadAssets(config.rootDir)));

  // Before the pages: services ask far more often than people, and no address belongs to both.
  app.use(provider.app);

  const mire = { deps, host: provider.host, metrics };
  measureMessages(metrics, deps);
  const account = accountRoutes({ deps, host: provider.host });
  const admin = adminRoutes({ deps });
  for (const router of [
    healthRoutes(deps, metrics),
    publicRoutes(mire),
    interactionRoutes(mire),
    account,
    admin,
  ]) {
    app.use(router.routes());
    app.use(router.allowedMethods());
  }
  return app;
}
