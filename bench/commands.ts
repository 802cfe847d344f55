/** One of our commands as a process of its own, and what it took. */
import { once } from 'node:events';
import { type BenchDatabase, type Counters, readCounters } from './database.ts';
import { cpuSeconds, watchProcess } from './machine.ts';
import type { Program } from './program.ts';
import { startCommand } from './servers.ts';

export type CommandRun = Counters & {
  code: number | null;
  out: string;
  /** The end of it. */
  err: string;
  /** The start of the process included. */
  seconds: number;
  nodeCpu: number;
  databaseCpu: number;
  /** MiB, of node. */
  peak: number;
};

export async function runCommand(
  { sql, pid }: BenchDatabase,
  args: readonly string[],
  env: Record<string, string>,
  program?: Program,
): Promise<CommandRun> {
  const [counters, cpuBefore, began] = [await readCounters(sql), cpuSeconds(pid), performance.now()];
  const child = startCommand(args, env, program);
  const watched = watchProcess(child.pid ?? 0);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err = (err + chunk).slice(-2000);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - began) / 1000;
  const { cpu, peak } = watched.stop();
  const after = await readCounters(sql);
  return {
    code,
    out,
    err,
    seconds,
    nodeCpu: cpu,
    databaseCpu: cpuSeconds(pid) - cpuBefore,
    peak,
    statements: after.statements - counters.statements,
    commits: after.commits - counters.commits,
  };
}
