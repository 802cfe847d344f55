/** Both sides as production runs them: plain JavaScript, compiled as `npm run build` does it. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

export type Program = { ours: string; bare: string; forget(): void };

/** About a second. Within the clone, where packages are found; not in dist/, which is `npm start`'s. */
export async function buildProgram(): Promise<Program> {
  const folder = join(root, '.bench', `program-${process.pid}`);
  const forget = () => {
    process.off('exit', forget);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', forget);
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', join(root, 'bench/tsconfig.json'), '--outDir', folder];
  await promisify(execFile)(process.execPath, args);
  return { ours: join(folder, 'src/main.js'), bare: join(folder, 'bench/bare/main.js'), forget };
}
