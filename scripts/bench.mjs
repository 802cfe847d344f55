/** `npm run bench [-- <part> <options>]`: installs what is missing, then the benchmarks of bench/, on this machine. */
import { bootstrap, runScript } from './bootstrap.mjs';
import { runChild } from './child.mjs';

await runScript(async () => {
  await bootstrap({ mariadb: true });
  const args = ['--import', 'tsx', 'bench/main.ts', ...process.argv.slice(2)];
  process.exitCode = await runChild(process.execPath, args);
});
