import { runProgram } from '../support/program.ts';
import type { TestWorld } from '../support/world.ts';
import { words } from './code-blocks.ts';

export type Registered = { client_id: string; client_secret: string };

/** Runs a command line of a page, `npx educonnect client add ...`, as an integrator's operator would. */
export async function register(world: TestWorld, command: string): Promise<Registered> {
  const [npx, educonnect, ...args] = words(command);
  if (npx !== 'npx' || educonnect !== 'educonnect') throw new Error(`not our command: ${command}`);
  const { config } = world.deps;
  const program = runProgram('bin/educonnect.mjs', args, {
    NODE_ENV: 'test',
    BASE_URL: config.BASE_URL,
    ALLOW_INSECURE_ISSUER: '1',
    HTTP_LOOPBACK_CLIENTS: '1',
    DATABASE_URL: config.DATABASE_URL,
    COOKIE_KEYS: config.COOKIE_KEYS.join(),
    SEALING_KEYS: config.SEALING_KEYS.join(),
    SUBJECT_SALT: config.SUBJECT_SALT,
    SMTP_URL: 'smtp://127.0.0.1:1',
  });
  const code = await program.ended;
  if (code !== 0) throw new Error(program.output());
  return JSON.parse(program.output().slice(program.output().indexOf('{')));
}
