import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { mirrorCss } from './mirror-css.mjs';

/**
 * Builds `public/assets/` from `assets/`: theme, fonts, pictures and scripts, each under a name that carries its
 * content's hash, with `.br` and `.gz` copies and `manifest.json` {logical name: hashed name}.
 */

/** Where the server answers the files (src/http/assets.ts). */
const PREFIX = '/assets/';
const FONTS = 'node_modules/@fontsource/atkinson-hyperlegible-next';
const ARABIC = 'noto-arabic-400.woff2';
/** The sheet of pages that run from right to left: the same theme, mirrored, with a letter of its own. */
const RTL = {
  theme: 'educonnect.scss',
  sheet: 'educonnect-rtl.css',
  font: 'node_modules/@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-400-normal.woff2',
  license: 'node_modules/@fontsource/noto-sans-arabic/LICENSE',
};
const compress = { br: promisify(brotliCompress), gz: promisify(gzip) };

/**
 * @param {{ root: string, log?: (line: string) => void }} options `root`: the folder of package.json
 * @returns {Promise<{ built: boolean }>} false when nothing had changed
 */
export async function buildAssets({ root, log = () => {} }) {
  const out = join(root, 'public', 'assets');
  const stamp = await inputsStamp(root);
  if ((await readText(join(out, '.stamp'))) === stamp) return { built: false };

  const work = join(root, 'public', `assets.${process.pid}`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  try {
    const manifest = await writeAll(root, work);
    await writeFile(join(work, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await writeFile(join(work, '.stamp'), stamp);
    await replaceFolder(work, out);
    log(`assets: ${Object.keys(manifest).length} files built`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { built: true };
}

/** Two builds may run at once (test workers): whoever comes second finds the same files in place. */
async function replaceFolder(work, out) {
  await rm(out, { recursive: true, force: true });
  await rename(work, out).catch((error) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

async function writeAll(root, work) {
  const manifest = {};
  const write = async (name, content) => {
    manifest[name] = await writeHashed(work, name, content);
  };
  for (const weight of [400, 700]) {
    for (const set of ['latin', 'latin-ext']) {
      const file = join(root, FONTS, 'files', `atkinson-hyperlegible-next-${set}-${weight}-normal.woff2`);
      await write(`atkinson-${set}-${weight}.woff2`, await readFile(file));
    }
  }
  await write('atkinson-license.txt', await readFile(join(root, FONTS, 'LICENSE')));
  await write(ARABIC, await readFile(join(root, RTL.font)));
  await write('noto-arabic-license.txt', await readFile(join(root, RTL.license)));
  const images = join(root, 'assets', 'theme', 'images');
  for (const name of await readdir(images)) await write(name, await readFile(join(images, name)));
  for (const name of await entries(join(root, 'assets', 'scripts'), '.mjs')) {
    await write(name, await bundleScript(join(root, 'assets', 'scripts', name)));
  }
  for (const name of await entries(join(root, 'assets', 'theme'), '.scss')) {
    const css = await compileTheme(root, join(root, 'assets', 'theme', name), manifest);
    await write(name.replace(/\.scss$/, '.css'), Buffer.from(css));
    if (name === RTL.theme)
      await write(RTL.sheet, Buffer.from(mirrorCss(oneWeight(css)) + arabicFont(manifest)));
  }
  return manifest;
}

/** Files of a folder that are built by themselves: those whose name does not begin with an underscore. */
async function entries(folder, extension) {
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith(extension) && !name.startsWith('_')).sort();
}

/** `url("asset:<name>")` in the theme becomes the address of the built file. */
async function compileTheme(root, file, manifest) {
  const sass = await import('sass');
  const compiled = await sass.compileAsync(file, {
    style: 'compressed',
    loadPaths: [join(root, 'node_modules', 'govuk-frontend', 'dist')],
    charset: false,
  });
  return compiled.css.replace(/asset:([\w.-]+)/g, (_, name) => {
    if (manifest[name] === undefined) throw new Error(`the theme names ${name}, which is not built`);
    return PREFIX + manifest[name];
  });
}

/** What is typed from left to right stands where the other fields' text stands; the way back points back. */
const ISLANDS = 'input[dir="ltr"]{text-align:right}.govuk-back-link::before{transform:rotate(45deg)}';

/** The bold letters are made by the browser there, the Latin ones too: each font is a third of what a visit may weigh. */
const oneWeight = (css) => css.replace(/@font-face\{[^}]*font-weight:700[^}]*\}/g, '');

/** One weight: with a second, a first visit would weigh more than it may. */
function arabicFont(manifest) {
  const range =
    'U+0600-06FF,U+0750-077F,U+0870-088E,U+0890-0891,U+0897-08E1,U+08E3-08FF,U+FB50-FDFF,U+FE70-FEFC';
  return `@font-face{font-family:"Noto Sans Arabic";font-weight:400;font-display:swap;src:url("${PREFIX}${manifest[ARABIC]}") format("woff2");unicode-range:${range}}${ISLANDS}`;
}

async function bundleScript(file) {
  const esbuild = await import('esbuild');
  const result = await esbuild.build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2020',
    legalComments: 'none',
    write: false,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

async function writeHashed(folder, name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const dot = name.lastIndexOf('.');
  const hashed = `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
  await writeFile(join(folder, hashed), content);
  // woff2 is brotli already.
  if (!name.endsWith('.woff2')) {
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
    await writeFile(join(folder, `${hashed}.br`), await compress.br(content, quality));
    await writeFile(join(folder, `${hashed}.gz`), await compress.gz(content, { level: 9 }));
  }
  return hashed;
}

/** Changes with any input: our files, this script, the versions of the packages that are built in. */
async function inputsStamp(root) {
  const hash = createHash('sha256');
  const folders = await readdir(join(root, 'assets'), { recursive: true, withFileTypes: true });
  const files = folders.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const name of [
    'govuk-frontend',
    '@fontsource/atkinson-hyperlegible-next',
    '@fontsource/noto-sans-arabic',
    'sass',
    'esbuild',
    '@simplewebauthn/browser',
  ]) {
    files.push(join(root, 'node_modules', name, 'package.json'));
  }
  for (const file of [...files, import.meta.filename, join(import.meta.dirname, 'mirror-css.mjs')].sort()) {
    hash.update(`${relative(root, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

const readText = (file) => readFile(file, 'utf8').catch(() => undefined);

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const { built } = await buildAssets({ root: resolve(import.meta.dirname, '..'), log: console.log });
  if (!built) console.log(`${basename(import.meta.filename)}: nothing has changed`);
}
