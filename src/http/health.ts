import { createServer, type Server } from 'node:http';
import Router from '@koa/router';
import { sameText } from '../crypto/digests.ts';
import { pendingMigrations } from '../db/migrations.ts';
import type { Deps } from '../deps.ts';
import type { RequestState } from './context.ts';
import type { Metrics } from './metrics.ts';

/** A load balancer asks often and waits little. */
const READY_WITHIN_MS = 1500;

/**
 * `/healthz` (this process answers), `/readyz` (the database answers and every migration is applied) and, to those
 * who have METRICS_TOKEN, `/metrics`; to others it does not exist.
 */
export function healthRoutes(deps: Pick<Deps, 'db' | 'config'>, metrics: Metrics): Router<RequestState> {
  const router = new Router<RequestState>();
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' };
  });
  router.get('/readyz', async (ctx) => {
    const state = await readiness(deps);
    ctx.status = state === 'ready' ? 200 : 503;
    ctx.body = { status: state };
  });
  router.get('/metrics', async (ctx) => {
    const token = /^Bearer (.+)$/.exec(ctx.get('Authorization'))?.[1];
    const expected = deps.config.METRICS_TOKEN;
    if (expected === undefined || token === undefined || !sameText(token, expected)) return;
    ctx.type = metrics.contentType;
    ctx.body = await metrics.text();
  });
  return router;
}

type Readiness = 'ready' | 'database-away' | 'migrations-pending';

async function readiness({ db }: Pick<Deps, 'db'>): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Readiness>((resolve) => {
    timer = setTimeout(() => resolve('database-away'), READY_WITHIN_MS);
  });
  const asked = pendingMigrations(db).then<Readiness, Readiness>(
    (pending) => (pending.length === 0 ? 'ready' : 'migrations-pending'),
    () => 'database-away',
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `/metrics` on a loopback port of its own (METRICS_PORT), without a token. The caller closes it. */
export function listenForMetrics(metrics: Metrics, port: number): Promise<Server> {
  const server = createServer((req, res) => {
    if (req.url !== '/metrics') return void res.writeHead(404).end();
    metrics.text().then(
      (text) => res.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
      () => res.writeHead(500).end(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
