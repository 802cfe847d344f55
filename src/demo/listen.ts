import type { Server } from 'node:http';
import type Koa from 'koa';

/**
 * Lets an application of the demo listen at its own origin.
 * @returns how to stop it, visitors who are still connected or not
 * @throws Error (EADDRINUSE) when the port is taken
 */
export async function listenAt<State, Context>(
  app: Koa<State, Context>,
  origin: string,
  host = '127.0.0.1',
): Promise<() => Promise<void>> {
  const port = Number(new URL(origin).port);
  const server = await new Promise<Server>((resolve, reject) => {
    const starting = app.listen(port, host, () => resolve(starting));
    starting.once('error', reject);
  });
  return () =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
}
