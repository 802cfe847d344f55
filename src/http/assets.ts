import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Middleware } from 'koa';

/** Where the built files are answered; the build writes the same prefix into the style sheet. */
const ASSETS_PREFIX = '/assets/';

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

export type Assets = {
  /** Public address of a built file, from its logical name (`educonnect.css`). Throws when there is none. */
  url(name: string): string;
  /** Path on disk of a built file name, or undefined; the list is read once, so no path is ever made of input. */
  file(name: string): { path: string; size: number } | undefined;
};

/**
 * Reads what `scripts/build-assets.mjs` has written, once.
 * @throws Error when nothing has been built yet
 */
export function loadAssets(rootDir: string): Assets {
  const folder = join(rootDir, 'public', 'assets');
  const manifest = readManifest(folder);
  const files = new Map(
    readdirSync(folder)
      .filter((name) => name !== 'manifest.json')
      .map((name) => [name, { path: join(folder, name), size: statSync(join(folder, name)).size }]),
  );
  return {
    url(name) {
      const hashed = manifest[name];
      if (hashed === undefined) throw new Error(`no asset is called ${name}`);
      return ASSETS_PREFIX + hashed;
    },
    file: (name) => files.get(name),
  };
}

function readManifest(folder: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Record<string, string>;
  } catch (cause) {
    throw new Error('the assets are not built: run `node scripts/build-assets.mjs`', { cause });
  }
}

/**
 * Answers `/assets/<hashed name>`: a name never changes its content, so it may be kept for ever. The compressed
 * copies made by the build are sent to those who take them. Anything else under the prefix is a 404.
 */
export function serveAssets(assets: Assets): Middleware {
  return (ctx, next) => {
    if (!ctx.path.startsWith(ASSETS_PREFIX)) return next();
    const name = ctx.path.slice(ASSETS_PREFIX.length);
    const type = TYPES[extname(name)];
    const plain = assets.file(name);
    if (plain === undefined || type === undefined) {
      ctx.status = 404;
      return;
    }
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.status = 405;
      ctx.set('Allow', 'GET, HEAD');
      return;
    }
    const chosen = compressedCopy(ctx.acceptsEncodings.bind(ctx), assets, name);
    ctx.vary('Accept-Encoding');
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
    ctx.type = type;
    if (chosen !== undefined) ctx.set('Content-Encoding', chosen.encoding);
    const sent = chosen?.copy ?? plain;
    ctx.length = sent.size;
    if (ctx.method === 'HEAD') ctx.status = 200;
    else ctx.body = createReadStream(sent.path);
  };
}

function compressedCopy(accepts: (...kinds: string[]) => string | false, assets: Assets, name: string) {
  for (const [encoding, suffix] of [
    ['br', '.br'],
    ['gzip', '.gz'],
  ] as const) {
    const copy = assets.file(name + suffix);
    if (copy !== undefined && accepts(encoding) === encoding) return { encoding, copy };
  }
  return undefined;
}
