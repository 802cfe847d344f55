/** `npm run demo [-- --fresh]`: installs what is missing, then everything on this machine. Ctrl-C stops it all. */
import { bootstrap, runScript } from './bootstrap.mjs';
import { runChild } from './child.mjs';

await runScript(async () => {
  await bootstrap({ mariadb: !process.env.DATABASE_URL });
  const args = ['--import', 'tsx', 'src/demo/main.ts', ...process.argv.slice(2)];
  process.exitCode = await runChild(process.execPath, args);
});
