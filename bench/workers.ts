/** Several processes of ours on one port (WEB_CONCURRENCY): how the throughput of full logins grows. */
import { availableParallelism } from 'node:os';
import { drive, type LoopResult } from './drive.ts';
import { coreSeconds, cpuSeconds, cpuSecondsOfAll } from './machine.ts';
import { fullLogin } from './operations.ts';
import { openOurs } from './sides.ts';
import { percentile, table } from './table.ts';

export type WorkersSettings = {
  folder: string;
  port: number;
  accounts: number;
  /** Numbers of processes, in turn. */
  workers: number[];
  concurrency: number;
  rounds: number;
  seconds: number;
  env?: Record<string, string>;
};

export type WorkersSample = {
  workers: number;
  loop: LoopResult;
  /** Milliseconds a login. */
  serverCpu: number;
  databaseCpu: number;
  /** Share of all cores that were at work, the visitors' own work included. */
  busy: number;
};

export async function measureWorkers(
  settings: WorkersSettings,
  say: (line: string) => void,
): Promise<{ samples: WorkersSample[]; version: string }> {
  const samples: WorkersSample[] = [];
  let version = '';
  for (const workers of settings.workers) {
    say(`${workers} ${workers === 1 ? 'process' : 'processes'}`);
    const env = { ...settings.env, WEB_CONCURRENCY: String(workers) };
    const folder = `${settings.folder}/${workers}`;
    const ours = await openOurs({ ...settings, folder, env });
    version = ours.database.version;
    try {
      const next = { account: 0 };
      const look = () => ({
        server: cpuSecondsOfAll(ours.pid),
        database: cpuSeconds(ours.database.pid),
        cores: coreSeconds(),
      });
      for (let round = 0; round <= settings.rounds; round += 1) {
        const before = look();
        const loop = await drive(settings, () =>
          fullLogin(ours.side, (next.account++ % settings.accounts) + 1, 'openid'),
        );
        const after = look();
        const done = Math.max(1, loop.durations.length);
        // The first round warms up.
        if (round === 0) continue;
        samples.push({
          workers,
          loop,
          serverCpu: ((after.server - before.server) * 1000) / done,
          databaseCpu: ((after.database - before.database) * 1000) / done,
          busy: (after.cores.busy - before.cores.busy) / (after.cores.all - before.cores.all),
        });
      }
    } finally {
      await ours.close();
    }
  }
  return { samples, version };
}

/** Best round of each: what else the machine does only ever takes away. */
export function workersTable(samples: readonly WorkersSample[]): string {
  const perSecond = ({ loop }: WorkersSample) => loop.durations.length / loop.seconds;
  const best = [...new Set(samples.map(({ workers }) => workers))].map((workers) =>
    samples
      .filter((sample) => sample.workers === workers)
      .reduce((a, b) => (perSecond(b) > perSecond(a) ? b : a)),
  );
  const errors = (workers: number) =>
    samples.filter((sample) => sample.workers === workers).reduce((sum, { loop }) => sum + loop.errors, 0);
  return table(
    [
      'processes',
      'full logins/s',
      'to the first',
      'p50 ms',
      'p95 ms',
      'errors',
      'CPU server ms',
      'CPU database ms',
      `of ${availableParallelism()} cores`,
    ],
    best.map((sample) => [
      String(sample.workers),
      perSecond(sample),
      (perSecond(sample) / perSecond(best[0] ?? sample)).toFixed(2),
      percentile(sample.loop.durations, 0.5),
      percentile(sample.loop.durations, 0.95),
      errors(sample.workers),
      sample.serverCpu,
      sample.databaseCpu,
      `${Math.round(sample.busy * 100)} %`,
    ]),
  );
}
