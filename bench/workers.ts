/**
 * Several processes of ours on one port (WEB_CONCURRENCY): how the throughput of full logins grows until the cores are
 * full. With two passwords at once a process fills two cores by itself; with one it leaves something to the next.
 */
import { availableParallelism } from 'node:os';
import { drive, type LoopResult } from './drive.ts';
import { childrenOf, coreSeconds, cpuSeconds, cpuSecondsOfAll } from './machine.ts';
import { fullLogin } from './operations.ts';
import { openOurs } from './sides.ts';
import { percentile, table } from './table.ts';

export type WorkersSettings = {
  folder: string;
  port: number;
  accounts: number;
  /** Numbers of processes, in turn. */
  workers: number[];
  /** Passwords that a process checks at once (ARGON2_RUNNING), in turn. */
  running: number[];
  concurrency: number;
  rounds: number;
  seconds: number;
  env?: Record<string, string>;
};

export type WorkersSample = {
  workers: number;
  running: number;
  loop: LoopResult;
  /** Milliseconds a login. */
  serverCpu: number;
  databaseCpu: number;
  /** Of the processes' work, in hundredths: how evenly visitors are shared out. */
  shares: number[];
  /** Share of all cores that were at work, the visitors' own work included. */
  busy: number;
};

export async function measureWorkers(
  settings: WorkersSettings,
  say: (line: string) => void,
): Promise<{ samples: WorkersSample[]; version: string }> {
  const samples: WorkersSample[] = [];
  let version = '';
  const all = settings.running.flatMap((running) =>
    settings.workers.map((workers) => ({ running, workers })),
  );
  for (const { running, workers } of all) {
    say(`${workers} ${workers === 1 ? 'process' : 'processes'}, passwords at once: ${running}`);
    const env = { ...settings.env, WEB_CONCURRENCY: String(workers), ARGON2_RUNNING: String(running) };
    const folder = `${settings.folder}/${running}-${workers}`;
    const ours = await openOurs({ ...settings, folder, env });
    version = ours.database.version;
    try {
      const next = { account: 0 };
      const look = () => ({
        server: cpuSecondsOfAll(ours.pid),
        each: workers === 1 ? [cpuSeconds(ours.pid)] : childrenOf(ours.pid).map(cpuSeconds),
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
          running,
          loop,
          shares: sharesOf(after.each.map((seconds, index) => seconds - (before.each[index] ?? 0))),
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

const sharesOf = (parts: readonly number[]) => {
  const sum = parts.reduce((total, part) => total + part, 0) || 1;
  return parts.map((part) => Math.round((part / sum) * 100));
};

const perSecond = ({ loop }: WorkersSample) => loop.durations.length / loop.seconds;

/** Best round of each: what else the machine does only ever takes away. */
export function workersTable(samples: readonly WorkersSample[]): string {
  const lines = new Map<string, WorkersSample[]>();
  for (const sample of samples) {
    const key = `${sample.running} ${sample.workers}`;
    lines.set(key, [...(lines.get(key) ?? []), sample]);
  }
  const best = (rounds: readonly WorkersSample[]) =>
    rounds.reduce((a, b) => (perSecond(b) > perSecond(a) ? b : a));
  return table(
    [
      'passwords at once in each',
      'processes',
      'full logins/s',
      'to the first',
      'p50 ms',
      'p95 ms',
      'errors',
      'CPU server ms',
      'CPU database ms',
      'shares %',
      `of ${availableParallelism()} cores`,
    ],
    [...lines.values()].map((rounds) => {
      const sample = best(rounds);
      const first = best([...lines.values()].find(([one]) => one?.running === sample.running) ?? rounds);
      return [
        String(sample.running),
        String(sample.workers),
        perSecond(sample),
        (perSecond(sample) / perSecond(first)).toFixed(2),
        percentile(sample.loop.durations, 0.5),
        percentile(sample.loop.durations, 0.95),
        rounds.reduce((sum, { loop }) => sum + loop.errors, 0),
        sample.serverCpu,
        sample.databaseCpu,
        sample.shares.join(' '),
        `${Math.round(sample.busy * 100)} %`,
      ];
    }),
  );
}
