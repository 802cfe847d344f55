#!/usr/bin/env node
/** The `educonnect` command: the built one in an image, the sources in a clone. It runs in this very process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap, root, runScript } from '../scripts/bootstrap.mjs';
import { whenNpmEnds } from '../scripts/child.mjs';

const load = (path) => import(pathToFileURL(join(root, path)).href);

// `npx educonnect serve` ends with npx.
whenNpmEnds(() => process.kill(process.pid, 'SIGTERM'));

await runScript(async () => {
  if (!existsSync(join(root, 'src'))) {
    await load('dist/src/cli.js');
    return;
  }
  await bootstrap({ assets: false });
  const { register } = await import('tsx/esm/api');
  register();
  await load('src/cli.ts');
});
