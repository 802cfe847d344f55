import { type ChildProcess, spawn } from 'node:child_process';
import { keepLogLines } from './run-log.ts';

export type Program = {
  child: ChildProcess;
  /** All that it has written so far, both streams. */
  output(): string;
  /** Resolves when the output matches; rejects when the program ends first. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code, once it has ended. */
  ended: Promise<number | null>;
};

/** Runs one of our TypeScript programs as a process of its own, with exactly this environment beside PATH and HOME. */
export function runProgram(file: string, args: readonly string[], env: Record<string, string>): Program {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { env: { PATH, HOME, ...env } });
  let output = '';
  const listeners = new Set<() => void>();
  const hear = (chunk: Buffer) => {
    output += chunk;
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      keepLogLines(output);
      resolve(code);
    }),
  );
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output);
        if (!match) return;
        listeners.delete(look);
        resolve(match);
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without saying ${pattern}:\n${output}`)));
    });
  return { child, output: () => output, says, ended };
}
