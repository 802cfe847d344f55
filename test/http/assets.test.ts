import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { buildAssets } from '../../scripts/build-assets.mjs';
import { type Assets, loadAssets, serveAssets } from '../../src/http/assets.ts';

const ROOT = join(import.meta.dirname, '..', '..');

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };

describe('assets', () => {
  let server: Server;
  let assets: Assets;

  beforeAll(async () => {
    await buildAssets({ root: ROOT });
    assets = loadAssets(ROOT);
    const app = new Koa();
    app.use(serveAssets(assets));
    app.use((ctx) => {
      ctx.body = 'next';
    });
    server = createServer(app.callback());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
  });
  afterAll(() => {
    server.close();
  });

  /** The path goes out as it is, unlike with fetch, which would tidy `..` away. */
  function get(path: string, encodings = '', method = 'GET'): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const sent = request({ port, path, method, headers: { 'Accept-Encoding': encodings } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  test('a built file may be kept for ever, and its name changes with its content', async () => {
    const url = assets.url('educonnect.css');
    expect(url).toMatch(/^\/assets\/educonnect-[0-9a-f]{10}\.css$/);
    const answer = await get(url);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(answer.headers['content-type']).toBe('text/css; charset=utf-8');
    expect(answer.headers.vary).toBe('Accept-Encoding');
    expect(answer.body.toString()).toContain('.ec-card');
  });

  test('the compressed copy goes to those who take it', async () => {
    const url = assets.url('educonnect.mjs');
    const plain = await get(url);
    const br = await get(url, 'gzip, br');
    const gz = await get(url, 'gzip;q=1, br;q=0');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(br.headers['content-encoding']).toBe('br');
    expect(gz.headers['content-encoding']).toBe('gzip');
    expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gz.body).equals(plain.body)).toBe(true);
    expect(br.headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  test('a font is sent as it is', async () => {
    const answer = await get(assets.url('atkinson-latin-400.woff2'), 'gzip, br');
    expect(answer.headers['content-type']).toBe('font/woff2');
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.body.subarray(0, 4).toString()).toBe('wOF2');
  });

  test.each([
    '/assets/',
    '/assets/manifest.json',
    '/assets/.stamp',
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/educonnect.css',
    '/assets/educonnect-0000000000.css',
    '/assets/educonnect.css%00.svg',
    '/assets/constructor',
  ])('nothing else is found there: %s', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.headers['cache-control']).toBeUndefined();
  });

  test('HEAD tells the size, other methods are refused, other addresses pass', async () => {
    const url = assets.url('mark.svg');
    const head = await get(url, '', 'HEAD');
    expect(head.status).toBe(200);
    expect(Number(head.headers['content-length'])).toBe((await get(url)).body.length);
    expect(head.body.length).toBe(0);
    expect((await get(url, '', 'POST')).status).toBe(405);
    expect((await get('/')).body.toString()).toBe('next');
  });

  test('a second build has nothing to do; an unknown name is a fault', async () => {
    expect(await buildAssets({ root: ROOT })).toEqual({ built: false });
    expect(() => assets.url('unknown.css')).toThrow('unknown.css');
  });
});
