/**
 * So many full logins at the same moment (security.md C08): who gets in, who is told to come back, whether anybody is
 * lost, and whether the process answers others meanwhile.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSecondsOfAll } from './machine.ts';
import { fullLogin, type Side } from './operations.ts';
import { openOurs } from './sides.ts';
import { percentile, table } from './table.ts';
import { type Answer, send } from './visitor.ts';

/** Between two questions: they must not be part of the rush. */
const PAUSE_MS = 10;
const LIMITS_MS = { login: 3000, other: 200 };
/** Asked by load balancers and by services, which must not notice. */
const OTHERS = ['/healthz', '/oidc/jwks'] as const;

export type RushSettings = {
  folder: string;
  port: number;
  accounts: number;
  /** Numbers of processes, in turn. */
  workers: number[];
  rounds: number;
  /** Logins of one round. */
  visitors: number;
  env?: Record<string, string>;
};

export type RushSample = {
  workers: number;
  round: number;
  /** Milliseconds of each whole login that came in. */
  in: number[];
  shed: number;
  lost: number;
  firstFault: string | null;
  /** Milliseconds of each answer of `OTHERS`; of a failed one, infinity. */
  others: Record<(typeof OTHERS)[number], number[]>;
  /** CPU seconds of the server. */
  cpu: number;
};

export async function measureRush(
  settings: RushSettings,
  say: (line: string) => void,
): Promise<{ samples: RushSample[]; version: string }> {
  const samples: RushSample[] = [];
  let version = '';
  for (const workers of settings.workers) {
    const folder = `${settings.folder}/${workers}`;
    const env = { ...settings.env, WEB_CONCURRENCY: String(workers) };
    const ours = await openOurs({ ...settings, folder, env });
    version = ours.database.version;
    try {
      const next = { account: 0 };
      // The first round warms up: compilers, pools, caches, connections.
      for (let round = 0; round <= settings.rounds; round += 1) {
        say(`${workers} ${workers === 1 ? 'process' : 'processes'}, ${round === 0 ? 'warming up' : round}`);
        const before = cpuSecondsOfAll(ours.pid);
        const account = () => (next.account++ % settings.accounts) + 1;
        const rush = await rushOnce(ours.side, settings.visitors, account);
        const cpu = cpuSecondsOfAll(ours.pid) - before;
        if (round > 0) samples.push({ workers, round, cpu, ...rush });
      }
    } finally {
      await ours.close();
    }
  }
  return { samples, version };
}

type Rush = Omit<RushSample, 'workers' | 'round' | 'cpu'>;

async function rushOnce(side: Side, visitors: number, account: () => number): Promise<Rush> {
  const rush: Rush = {
    in: [],
    shed: 0,
    lost: 0,
    firstFault: null,
    others: { '/healthz': [], '/oidc/jwks': [] },
  };
  const stopping = new AbortController();
  const watching = OTHERS.map((path) => watch(side, path, rush.others[path], stopping.signal));
  const logins = Array.from({ length: visitors }, async () => {
    const began = performance.now();
    try {
      await fullLogin(side, account(), 'openid');
      rush.in.push(performance.now() - began);
    } catch (error) {
      if (isShed(error)) rush.shed += 1;
      else {
        rush.lost += 1;
        rush.firstFault ??= error instanceof Error ? error.message : String(error);
      }
    }
  });
  await Promise.all(logins);
  stopping.abort();
  await Promise.all(watching);
  return rush;
}

/** Whether the visitor was told to come back, and when (decision 3); any other failure is a login lost. */
export function isShed(error: unknown): boolean {
  const { answer } = error as { answer?: Answer };
  return answer?.status === 503 && Number(answer.headers['retry-after']) > 0;
}

/** Asks again a moment after each answer, until told to stop. */
async function watch(side: Side, path: string, into: number[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now();
    try {
      const { status } = await send(side.origin, path);
      into.push(status === 200 ? performance.now() - began : Number.POSITIVE_INFINITY);
    } catch {
      into.push(Number.POSITIVE_INFINITY);
    }
    await pause(PAUSE_MS);
  }
}

export function rushTable(samples: readonly RushSample[]): string {
  const head = ['processes', 'round', 'in', 'shed', 'lost', 'p50 ms', 'p95 ms', 'last ms'];
  const rest = ['/healthz p99', 'key set p99', 'asked', 'CPU server s', 'kept'];
  return table(
    [...head, ...rest],
    samples.map((sample) => {
      const p99 = OTHERS.map((path) => percentile(sample.others[path], 0.99));
      const asked = OTHERS.reduce((sum, path) => sum + sample.others[path].length, 0);
      const p95 = percentile(sample.in, 0.95);
      const kept = sample.lost === 0 && p95 <= LIMITS_MS.login && p99.every((ms) => ms <= LIMITS_MS.other);
      return [
        String(sample.workers),
        sample.round,
        sample.in.length,
        sample.shed,
        sample.lost,
        percentile(sample.in, 0.5),
        p95,
        percentile(sample.in, 1),
        ...p99,
        asked,
        sample.cpu,
        kept ? 'yes' : 'no',
      ];
    }),
  );
}
