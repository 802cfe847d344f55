/** `npm start`: the production server. A clone is built first; an image has dist/ and no src/. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packagesState, root, runScript } from './bootstrap.mjs';
import { runChild } from './child.mjs';

const PROGRAM = 'dist/src/main.js';

/** Where only production packages are installed there is no compiler: what was built is what runs. */
function mustBuild() {
  if (!existsSync(join(root, 'src'))) return false;
  const productionOnly =
    packagesState(root, { dev: false }).satisfied && !packagesState(root, { dev: true }).satisfied;
  return !(productionOnly && existsSync(join(root, PROGRAM)));
}

await runScript(async () => {
  process.exitCode = mustBuild() ? await runChild(process.execPath, ['scripts/build.mjs']) : 0;
  if (process.exitCode !== 0) return;
  const env = { NODE_ENV: 'production', ...process.env };
  process.exitCode = await runChild(process.execPath, [PROGRAM], { env });
});
