import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { createApp } from '../../src/app.ts';
import { buildDeps } from '../../src/build-deps.ts';
import { loadConfig } from '../../src/config.ts';
import { createProvider } from '../../src/provider/index.ts';

/**
 * A server process for the tests that need two: the application and its log as they are, but that its time is moved
 * ahead by `ahead <ms>` on the standard input, and that it looks at its keys and its notices five times a second.
 */
const EVERY_MS = 200;

let ahead = 0;
const clock = { now: () => new Date(Date.now() + ahead) };
const deps = { ...buildDeps(loadConfig()), clock };
const provider = await createProvider(deps, { keysEveryMs: EVERY_MS });
const server = createServer(createApp(deps, provider).callback());
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}.`);
});
createInterface({ input: process.stdin }).on('line', async (line) => {
  ahead = Number(line.split(' ')[1]);
  await provider.reloadKeys();
  console.log(`ahead by ${ahead}.`);
});
setInterval(() => void provider.tellServices().catch(() => {}), EVERY_MS);
