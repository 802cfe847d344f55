import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningServer, startServer } from '../../src/main.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testDeps } from '../support/deps.ts';
import { createVisitor } from '../support/visitor.ts';

/** H03: those who send their request drop by drop hold up nobody, and are told after a while that it is enough. */

let database: TestDatabase;
let server: RunningServer;
const sockets: Socket[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const deps = testDeps(database, { env: { PORT: '0', HOST: '127.0.0.1' } });
  server = await startServer(deps, [], { requestMs: 2000, headersMs: 1000, lookedAtMs: 100 });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server?.stop();
  await database?.drop();
});

async function begin(words: string): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  socket.write(words);
  return socket;
}

/** All that it is sent until the other side hangs up. */
async function untilEnd(socket: Socket): Promise<string> {
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(socket, 'close');
  return said;
}

test('H03: a hundred slow requests, of headers or of a form: others are served meanwhile, these end with 408', async () => {
  const form = 'POST /compte/adresse HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n';
  const type = 'Content-Type: application/x-www-form-urlencoded\r\n\r\n_csrf=';
  const slow = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      begin(index % 2 === 0 ? 'GET /aide HTTP/1.1\r\nHost: x\r\nX-A: ' : form + type),
    ),
  );
  const ends = slow.map(untilEnd);
  for (const path of ['/healthz', '/aide', '/oidc/jwks'])
    expect((await createVisitor(`http://127.0.0.1:${server.port}`).send(path)).status).toBe(200);
  for (const said of await Promise.all(ends)) expect(said).toMatch(/^HTTP\/1\.1 408 /);
});

test('H03: headers that are too large are refused at once', async () => {
  const socket = await begin(`GET /aide HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`);
  expect(await untilEnd(socket)).toMatch(/^HTTP\/1\.1 431 /);
});
