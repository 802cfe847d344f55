/** `npm run build`: public/ (style sheets, fonts, scripts) and dist/ (the program). */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root, runScript } from './bootstrap.mjs';
import { runChild } from './child.mjs';

await runScript(async () => {
  await bootstrap();
  // A file that was removed from src/ must not live on in dist/.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  process.exitCode = await runChild(process.execPath, [
    'node_modules/typescript/bin/tsc',
    '-p',
    'tsconfig.build.json',
  ]);
});
