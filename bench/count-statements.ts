/** The same application within this process, without its jobs, which ask the database each second: to count statements. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../src/app.ts';
import { buildDeps, closeDeps } from '../src/build-deps.ts';
import { loadConfig } from '../src/config.ts';
import { createProvider } from '../src/provider/index.ts';
import { send } from './visitor.ts';

export type Counter = {
  /** Statements of one visit of this page, without BEGIN, COMMIT and the like. */
  count(path: string): Promise<number>;
  close(): Promise<void>;
};

export async function startCounter(env: Record<string, string>, cookie: string): Promise<Counter> {
  const deps = buildDeps(loadConfig({ ...env, LOG_LEVEL: 'silent' }));
  let counted = 0;
  for (const db of [deps.db, deps.jobsDb]) {
    db.on('query', ({ sql }: { sql: string }) => {
      if (!/^(BEGIN|START|COMMIT|ROLLBACK|SET|SAVEPOINT|RELEASE)/i.test(sql)) counted += 1;
    });
  }
  const provider = await createProvider(deps);
  const server = createServer(createApp(deps, provider).callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async count(path) {
      // Once a minute a visit notes that the session is in use.
      const visits: number[] = [];
      for (let visit = 0; visit < 2; visit += 1) {
        counted = 0;
        await send(origin, path, { headers: { accept: 'text/html', cookie } });
        visits.push(counted);
      }
      return Math.min(...visits);
    },
    async close() {
      provider.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await closeDeps(deps);
    },
  };
}
