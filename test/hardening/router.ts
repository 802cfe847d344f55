import type Router from '@koa/router';
import { createApp } from '../../src/app.ts';
import { ROUTES } from '../../src/provider/configuration.ts';
import { MOUNT } from '../../src/provider/middleware.ts';
import type { TestDeps } from '../support/deps.ts';
import { stubProvider } from '../support/stub-provider.ts';

export type Route = { method: 'GET' | 'POST'; path: string };

/** Every address that the application itself answers, from its routers: a new one is walked without being named here. */
export function routesOf(deps: TestDeps): Route[] {
  const routers = createApp(deps, stubProvider()).middleware.flatMap((part) => {
    const { router } = part as { router?: Router };
    return router === undefined ? [] : [router];
  });
  return [...new Set(routers)]
    .flatMap((router) => router.stack)
    .flatMap(({ methods, path }) =>
      methods
        .filter((method): method is Route['method'] => method === 'GET' || method === 'POST')
        .map((method) => ({ method, path: String(path) })),
    );
}

/** The addresses of the provider, which answers some of them to programs. */
export const PROVIDER_PATHS = [
  ...Object.values(ROUTES).map((path) => MOUNT + path),
  `${MOUNT}/.well-known/openid-configuration`,
  `${MOUNT}${ROUTES.end_session}/confirm`,
  `${MOUNT}${ROUTES.end_session}/success`,
];
