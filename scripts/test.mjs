/** `npm test [-- <what jest takes>]`: installs what is missing, then type check, lint, every test. */
import { bootstrap, runScript } from './bootstrap.mjs';
import { runChild } from './child.mjs';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/** The steps in order; the first that fails is the last that runs. */
const steps = [
  ['Type check', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['Lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['Tests', [...JEST, ...process.argv.slice(2)]],
];

await runScript(async () => {
  await bootstrap({
    mariadb: !process.env.TEST_DATABASE_URL,
    chromium: true,
    backup: true,
    apache: true,
    tests: true,
  });
  for (const [name, args] of steps) {
    console.log(name);
    process.exitCode = await runChild(process.execPath, args, { env: { ...process.env, NODE_ENV: 'test' } });
    if (process.exitCode !== 0) return;
  }
});
