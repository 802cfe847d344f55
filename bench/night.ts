/** Logins while the night's import runs beside them on the same database: how much slower they are. */
import { join } from 'node:path';
import { type CommandRun, runCommand } from './commands.ts';
import { drive, type LoopResult } from './drive.ts';
import { writeFeed } from './feed.ts';
import { fullLogin } from './operations.ts';
import { type Ours, openOurs } from './sides.ts';
import { percentile, table } from './table.ts';

/** Most that the import may slow the slowest logins but one in twenty (issue 3). */
const LIMIT = 2;
/** An import that takes longer is measured until then. */
const LONGEST_S = 300;

export type NightSettings = {
  folder: string;
  port: number;
  pupils: number;
  accounts: number;
  /** Visitors at once. */
  concurrency: number;
  /** Of the logins before, and of those after. */
  seconds: number;
  env?: Record<string, string>;
};

export type NightResult = {
  phases: { what: string; loop: LoopResult }[];
  /** Null when it was still running when the logins ended. */
  importRun: CommandRun | null;
  version: string;
};

export async function measureNight(
  settings: NightSettings,
  say: (line: string) => void,
): Promise<NightResult> {
  const { folder, pupils, concurrency, seconds } = settings;
  say(`writing a feed of ${pupils} pupils`);
  const feed = join(folder, 'feed');
  await writeFeed({ folder: feed, pupils, date: '20261103' });
  const ours = await openOurs(settings);
  const next = { account: 0 };
  const log = (loop: { seconds: number; signal?: AbortSignal }) =>
    drive({ concurrency, ...loop }, () =>
      fullLogin(ours.side, (next.account++ % settings.accounts) + 1, 'openid'),
    );
  try {
    say('warming up');
    await log({ seconds });
    say('logins alone');
    const before = await log({ seconds });
    say('logins during the import');
    const { loop: during, importRun } = await duringImport(ours, feed, log);
    say('logins alone');
    const after = await log({ seconds });
    const phases = [
      { what: 'alone, before', loop: before },
      { what: 'during the import', loop: during },
      { what: 'alone, after', loop: after },
    ];
    return { phases, importRun, version: ours.database.version };
  } finally {
    await ours.close();
  }
}

type Logging = (loop: { seconds: number; signal?: AbortSignal }) => Promise<LoopResult>;

async function duringImport({ database, env }: Ours, feed: string, log: Logging) {
  const over = new AbortController();
  const running = runCommand(database, ['import', feed, '--json'], env).finally(() => over.abort());
  // It is awaited below; a failure in between is not one that nobody handles.
  running.catch(() => undefined);
  const loop = await log({ seconds: LONGEST_S, signal: over.signal });
  const importRun = over.signal.aborted ? await running : null;
  if (importRun === null) await running;
  return { loop, importRun };
}

export function nightTables({ phases, importRun }: NightResult, pupils: number): string[] {
  const p95 = (loop: LoopResult) => percentile(loop.durations, 0.95);
  const [before, during, after] = phases.map(({ loop }) => loop) as [LoopResult, LoopResult, LoopResult];
  const alone = Math.max(p95(before), p95(after));
  const ratio = p95(during) / alone;
  const logins = table(
    ['full logins', 'seconds', '/s', 'p50 ms', 'p95 ms', 'p99 ms', 'errors'],
    phases.map(({ what, loop }) => [
      what,
      loop.seconds,
      loop.durations.length / loop.seconds,
      percentile(loop.durations, 0.5),
      p95(loop),
      percentile(loop.durations, 0.99),
      loop.errors,
    ]),
  );
  const verdict = table(
    ['p95 during the import, to the slower of before and after', 'ratio', 'at most', 'kept'],
    [['', ratio.toFixed(2), LIMIT.toFixed(2), ratio <= LIMIT ? 'yes' : 'no']],
  );
  const error = phases.find(({ loop }) => loop.firstError !== null)?.loop.firstError;
  return [logins, verdict, importLine(importRun, pupils), ...(error ? [`error: ${error}`] : [])];
}

function importLine(run: CommandRun | null, pupils: number): string {
  if (run === null)
    return `The import took longer than ${LONGEST_S} s; the logins were not watched to its end.`;
  if (run.code !== 0) return `error: the import ended with ${run.code}: ${run.err.trim().split('\n').at(-1)}`;
  return `The import: ${pupils} pupils in ${run.seconds.toFixed(1)} s, ${Math.round(pupils / run.seconds)} a second.`;
}
