import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';

const script = pathToFileURL(join(import.meta.dirname, '../../scripts/child.mjs')).href;

/** Runs a program the way the scripts do, sends the signal once it has said `up`, and tells how the script ended. */
async function run(program: string, signal?: NodeJS.Signals): Promise<{ code: number | null; said: string }> {
  const outer = `
    import { runChild } from ${JSON.stringify(script)};
    process.exitCode = await runChild(process.execPath, ['--eval', ${JSON.stringify(program)}]);`;
  const wrapper = spawn(process.execPath, ['--input-type=module', '--eval', outer], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  wrapper.stdout.on('data', (chunk) => {
    said += chunk;
    if (signal && said === 'up\n') wrapper.kill(signal);
  });
  const [code] = (await once(wrapper, 'close')) as [number | null];
  return { code, said };
}

/** Waits for a signal; half a minute at most, so that a failing test leaves nothing behind. */
const patient = "setTimeout(() => {}, 30_000); console.log('up');";

test('the exit code is passed on', async () => {
  expect(await run('process.exitCode = 3')).toEqual({ code: 3, said: '' });
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s reaches the program, which ends in its own way',
  async (signal) => {
    const program = `process.on('${signal}', () => { console.log('bye'); process.exit(7); }); ${patient}`;
    expect(await run(program, signal)).toEqual({ code: 7, said: 'up\nbye\n' });
  },
);

test('a program that a signal ended gives 128 and the signal', async () => {
  expect(await run(patient, 'SIGTERM')).toEqual({ code: 143, said: 'up\n' });
});

test('when npm is told to end, the program behind its shell ends too', async () => {
  const program = `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); ${patient}`;
  const outer = `
    import { runChild } from ${JSON.stringify(script)};
    process.exitCode = await runChild(process.execPath, ['--eval', ${JSON.stringify(program)}]);`;
  const command = '"$0" --input-type=module --eval "$1"; true';
  const shell = spawn('sh', ['-c', command, process.execPath, outer], {
    env: { ...process.env, npm_command: 'run' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  shell.stdout.on('data', (chunk) => {
    said += chunk;
    if (said === 'up\n') shell.kill('SIGTERM');
  });
  await once(shell, 'close');
  expect(said).toBe('up\nbye\n');
});
