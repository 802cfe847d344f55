/** Part d: a school gives 1,500 guardians their identifiers and first passwords, one letter each. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandRun, runCommand } from './commands.ts';
import { startDatabase } from './database.ts';
import { type Distribution, measureDistributions } from './distribute.ts';
import { fillPeople } from './people.ts';
import { buildProgram } from './program.ts';
import { environment } from './servers.ts';
import { table } from './table.ts';

export type NotifyResult = {
  runs: (CommandRun & { what: string; letters: number; kilobytes: number })[];
  distributions: Distribution[];
  version: string;
};

export async function measureNotify(
  { folder, port }: { folder: string; port: number },
  say: (line: string) => void,
  accounts = 1500,
): Promise<NotifyResult> {
  const program = await buildProgram();
  const database = await startDatabase(join(folder, 'database'), 'educonnect_notify');
  try {
    const env = environment(database.url, port);
    await fillPeople(database.sql, {
      accounts: accounts * 3,
      accountsPerSchool: accounts,
      passwordHash: '',
      activated: 0,
    });
    const { uai } = await database.sql('schools').where({ id: 1 }).first('uai');
    const runs: NotifyResult['runs'] = [];
    for (const what of ['first notification', 'reminder of all']) {
      say(what);
      const file = join(folder, `${runs.length}.pdf`);
      const run = await runCommand(
        database,
        ['notify', '--school', uai, '--out', file, '--json'],
        env,
        program,
      );
      if (run.code !== 0) throw new Error(`notify failed: ${run.err}`);
      const { letters } = JSON.parse(run.out) as { letters: number };
      runs.push({ ...run, what, letters, kilobytes: Math.round((await stat(file)).size / 1024) });
    }
    const arena = { database, env, program, folder, port };
    const distributions = await measureDistributions(arena, [2, 3], say);
    return { runs, distributions, version: database.version };
  } finally {
    await database.close();
    program.forget();
  }
}

export function notifyTable({ runs }: NotifyResult): string {
  return table(
    [
      'run',
      'letters',
      'seconds',
      'CPU node s',
      'CPU database s',
      'peak MiB',
      'statements',
      'commits',
      'PDF kB',
    ],
    runs.map((run) => [
      run.what,
      run.letters,
      run.seconds,
      run.nodeCpu,
      run.databaseCpu,
      Math.round(run.peak),
      run.statements,
      run.commits,
      run.kilobytes,
    ]),
  );
}
