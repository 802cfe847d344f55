import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Koa from 'koa';
import { buildAssets } from '../../scripts/build-assets.mjs';
import { loadAssets, serveAssets } from '../../src/http/assets.ts';
import type { Context, RequestState } from '../../src/http/context.ts';
import { languages } from '../../src/http/language.ts';
import { renderFor } from '../../src/http/page.ts';
import { createRenderer } from '../../src/http/render.ts';
import { isForStaff } from './page-state.ts';
import { PAGE_STATES } from './page-states.ts';

export type Gallery = {
  origin: string;
  /** What `/etat.json` answers to the page that waits for the activation; `lost`: 400, the sign-in is over. */
  status: string;
  close(): Promise<void>;
};

const ROOT = join(import.meta.dirname, '..', '..');
/** As strict as the pages can bear: what they break shows on the console (security.md F04). */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Serves every state of `PAGE_STATES` at `/etat/<name>`, with `?lang=` in that language, on a port of its own. */
export async function startGallery(options: { port?: number } = {}): Promise<Gallery> {
  await buildAssets({ root: ROOT });
  const render = createRenderer({ rootDir: ROOT, production: true });
  const gallery: Gallery = { origin: '', status: 'activation', close: async () => {} };
  const app = new Koa<RequestState>();
  app.keys = ['gallery'];
  app.use(languages({ secure: false }, { now: () => new Date() }));
  app.use(serveAssets(loadAssets(ROOT)));
  app.use((ctx) => {
    const shown = PAGE_STATES.find(({ name }) => ctx.path === `/etat/${name}`);
    if (ctx.path === '/etat.json') {
      ctx.status = gallery.status === 'lost' ? 400 : 200;
      ctx.body = { status: gallery.status };
    }
    // What the script of a login page asks as soon as it is there.
    if (ctx.path.endsWith('/cle/options'))
      ctx.body = { challenge: 'AAAA', rpId: 'localhost', allowCredentials: [] };
    if (shown === undefined) return;
    ctx.set('Content-Security-Policy', POLICY);
    ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
    ctx.type = 'html';
    ctx.body = isForStaff(shown)
      ? render(shown.template, shown.data)
      : renderFor({ render }, ctx as Context, shown.template, shown.data);
  });
  const server = await listen(createServer(app.callback()), options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  gallery.origin = `http://localhost:${port}`;
  gallery.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return gallery;
}

function listen(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
