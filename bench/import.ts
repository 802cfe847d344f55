/** Part a: a night's feed through the real command, the same again, and a delta. */
import { join } from 'node:path';
import { runCommand } from './commands.ts';
import { type BenchDatabase, changedRows, startDatabase } from './database.ts';
import { type FeedCounts, writeFeed } from './feed.ts';
import { buildProgram, type Program } from './program.ts';
import { environment } from './servers.ts';
import { table } from './table.ts';

/** What an import is about; its own notes (staging, runs) are left out. */
export const LIVE_TABLES = ['schools', 'classes', 'pupils', 'guardian_references', 'legal_links', 'accounts'];

export type ImportRun = {
  what: string;
  /** Of the whole command, its start included. */
  seconds: number;
  nodeCpu: number;
  databaseCpu: number;
  /** MiB, of node. */
  peak: number;
  /** Rows written to the live tables. */
  rows: number;
  created: number;
  refused: number;
  /** What the command said when it failed. */
  error: string | null;
};

export type ImportResult = { feed: FeedCounts; runs: ImportRun[]; version: string };

export async function measureImport(
  settings: { folder: string; pupils: number; env?: Record<string, string> },
  say: (line: string) => void,
): Promise<ImportResult> {
  const { folder, pupils } = settings;
  const [full, delta] = [join(folder, 'full'), join(folder, 'delta')];
  say(`writing a feed of ${pupils} pupils`);
  const feed = await writeFeed({ folder: full, pupils, date: '20261103' });
  await writeFeed({ folder: delta, pupils, date: '20261104', delta: 2 });
  const program = await buildProgram();
  const database = await startDatabase(join(folder, 'database'), 'educonnect_import');
  try {
    const env = { ...environment(database.url, 9), ...settings.env };
    const runs: ImportRun[] = [];
    for (const [what, from] of [
      ['first run', full],
      ['the same feed again', full],
      ['delta of 2 %', delta],
    ] as const) {
      say(what);
      runs.push(await measureRun(database, env, program, { what, from }));
    }
    return { feed, runs, version: database.version };
  } finally {
    await database.close();
    program.forget();
  }
}

async function measureRun(
  database: BenchDatabase,
  env: Record<string, string>,
  program: Program,
  { what, from }: { what: string; from: string },
): Promise<ImportRun> {
  const rowsBefore = await liveRows(database);
  const run = await runCommand(database, ['import', from, '--json'], env, program);
  const last = run.out.trim().split('\n').at(-1) ?? '';
  const report = last === '' ? null : JSON.parse(last);
  return {
    what,
    seconds: run.seconds,
    nodeCpu: run.nodeCpu,
    databaseCpu: run.databaseCpu,
    peak: run.peak,
    rows: (await liveRows(database)) - rowsBefore,
    created: report?.accounts.created ?? 0,
    refused: report?.refused_total ?? 0,
    error:
      run.code === 0 ? null : (report?.error ?? run.err.trim().split('\n').at(-1) ?? `exit code ${run.code}`),
  };
}

async function liveRows({ sql }: BenchDatabase): Promise<number> {
  const changed = await changedRows(sql);
  return LIVE_TABLES.reduce((sum, name) => sum + (changed.get(name) ?? 0), 0);
}

export function importTable({ feed, runs }: ImportResult): string {
  const first = runs[0]?.seconds ?? Number.NaN;
  const rows = runs.map((run) => [
    run.error === null ? run.what : `${run.what} (failed)`,
    run.seconds,
    run.error === null ? feed.pupils / run.seconds : null,
    `${Math.round((run.seconds / first) * 100)} %`,
    run.nodeCpu,
    run.databaseCpu,
    Math.round(run.peak),
    run.rows,
    run.created,
    run.refused,
  ]);
  const head = [
    'run',
    'seconds',
    'pupils/s',
    'of the first',
    'CPU node s',
    'CPU database s',
    'peak MiB',
    'rows written',
    'accounts made',
    'refused',
  ];
  return table(head, rows);
}
