import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { logOptions } from '../../src/build-deps.ts';

/**
 * What the servers of a test run log goes to a folder of the run, beside what its visitors have typed and been given;
 * when all is over none of the one may stand in the other (`run-log-check.ts`).
 */
const folder = () => process.env.TEST_LOG_FOLDER;

/** The log that an application has unless a test reads it itself: all that there is to say, as it is written. */
export function runLog(): Logger {
  const into = folder();
  if (into === undefined) return pino({ level: 'silent' });
  const file = join(into, `${process.pid}.log`);
  const test = testPath();
  return pino(
    { ...logOptions, level: 'trace' },
    {
      write: (line: string) => appendFileSync(file, `${test} ${line}`),
    },
  );
}

/** Lines of the log of another process; what else it prints is for whoever started it. */
export function keepLogLines(output: string): void {
  const into = folder();
  if (into === undefined) return;
  const lines = output.split('\n').filter((line) => line.startsWith('{"level":'));
  const test = testPath();
  if (lines.length > 0)
    appendFileSync(join(into, `${process.pid}.log`), lines.map((line) => `${test} ${line}\n`).join(''));
}

const known = new Set<string>();

/** What this test file has kept so far. */
export const keptSecrets = (): string[] => [...known];

/** Whatever nobody may read in a log: passwords, codes, tokens, cookies, addresses, mobiles. */
export function keepSecret(...values: readonly (string | undefined)[]): void {
  const fresh = values.filter((value) => value !== undefined && isTelling(value) && !known.has(value));
  for (const value of fresh) known.add(value as string);
  const into = folder();
  if (into === undefined || fresh.length === 0) return;
  appendFileSync(join(into, `${process.pid}.secrets`), `${fresh.join('\n')}\n`);
}

/** Long enough to be found by itself, and one word. What is typed to try a form's patience is not. */
const isTelling = (value: string) => /^[\w+.@~-]{6,400}$/.test(value) && /[0-9@]/.test(value);

function testPath(): string {
  const { expect } = globalThis as { expect?: { getState(): { testPath?: string } } };
  return expect?.getState().testPath?.replace(/^.*\/test\//, '') ?? '?';
}
