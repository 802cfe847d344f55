/**
 * Parts b and c: what a login and what follows it cost, and what they cost beside the bare library. Both sides do the
 * same in turn (A B A B), so that whatever else the machine does falls on both; figures are medians of the rounds.
 */
import { type Counters, readCounters } from './database.ts';
import { drive, type LoopResult } from './drive.ts';
import { cpuSeconds, memoryMiB } from './machine.ts';
import {
  askTokens,
  codeFlow,
  fullLogin,
  newBrowser,
  type ScopeName,
  type Side,
  type Tokens,
  userinfo,
} from './operations.ts';
import { identifierOf } from './people.ts';
import type { Arena } from './sides.ts';
import { median, percentile, table } from './table.ts';

export const OPERATIONS = ['full login', 'code flow on a session', 'refresh', 'userinfo'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Most that is allowed, CPU of server and database together, with the scope `openid` (issue 3). */
const LIMITS: Record<Operation, number> = {
  'full login': 1.3,
  'code flow on a session': 1.25,
  refresh: 1.25,
  userinfo: 1.25,
};

export type LoginSettings = {
  scopes: ScopeName[];
  concurrency: number[];
  operations: Operation[];
  rounds: number;
  /** Of one measurement. */
  seconds: number;
  /** Operations of one measurement at most. */
  most: number;
};

/** One measurement. CPU in milliseconds an operation. */
export type Sample = {
  operation: Operation;
  side: Side['name'];
  scope: ScopeName;
  concurrency: number;
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  errors: number;
  firstError: string | null;
  serverCpu: number;
  databaseCpu: number;
  statements: number;
  commits: number;
  memory: number;
};

export async function measureLogins(
  arena: Arena,
  settings: LoginSettings,
  say: (line: string) => void,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const next = { account: 0 };
  for (const scope of settings.scopes) {
    for (const concurrency of settings.concurrency) {
      for (let round = 0; round <= settings.rounds; round += 1) {
        // The first round warms both up: compilers, pools, caches of the database.
        say(`scope ${scope}, ${concurrency} at once, ${round === 0 ? 'warming up' : `round ${round}`}`);
        for (const operation of settings.operations) {
          for (const side of [arena.ours, arena.bare]) {
            const sample = await measure(arena, side, { operation, scope, concurrency, next }, settings);
            if (round > 0) samples.push(sample);
          }
        }
      }
    }
  }
  return samples;
}

type What = { operation: Operation; scope: ScopeName; concurrency: number; next: { account: number } };

async function measure(arena: Arena, side: Side, what: What, settings: LoginSettings): Promise<Sample> {
  const { operation, scope, concurrency } = what;
  const work = await prepare(arena, side, what);
  const before = await look(arena, side);
  const result = await drive({ concurrency, seconds: settings.seconds, most: settings.most }, work);
  const after = await look(arena, side);
  const done = Math.max(1, result.durations.length);
  return {
    operation,
    side: side.name,
    scope,
    concurrency,
    ...timing(result),
    serverCpu: ((after.server - before.server) * 1000) / done,
    databaseCpu: ((after.database - before.database) * 1000) / done,
    statements: (after.counters.statements - before.counters.statements) / done,
    commits: (after.counters.commits - before.counters.commits) / done,
    memory: memoryMiB(arena.pids[side.name]).now,
  };
}

function timing({ durations, errors, firstError, seconds }: LoopResult) {
  return {
    perSecond: durations.length / seconds,
    p50: percentile(durations, 0.5),
    p95: percentile(durations, 0.95),
    p99: percentile(durations, 0.99),
    errors,
    firstError,
  };
}

async function look({ database, pids }: Arena, side: Side) {
  const counters: Counters = await readCounters(database.sql);
  return { counters, server: cpuSeconds(pids[side.name]), database: cpuSeconds(database.pid) };
}

/** What an operation needs beforehand is not measured: each visitor logs in once for the others. */
async function prepare(
  arena: Arena,
  side: Side,
  { operation, scope, concurrency, next }: What,
): Promise<(visitor: number) => Promise<void>> {
  const account = () => (next.account++ % arena.accounts) + 1;
  if (operation === 'full login') return () => fullLogin(side, account(), scope);
  const offline = operation === 'refresh';
  const visitors = await Promise.all(
    Array.from({ length: concurrency }, async () => {
      const number = account();
      const browser = newBrowser(side, number);
      return { browser, tokens: await codeFlow(browser, { scope, offline }, identifierOf(number)) };
    }),
  );
  const of = (visitor: number) =>
    visitors[visitor] as { browser: (typeof visitors)[0]['browser']; tokens: Tokens };
  if (operation === 'code flow on a session') {
    return async (visitor) => void (await codeFlow(of(visitor).browser, { scope }));
  }
  if (operation === 'userinfo') return async (visitor) => void (await userinfo(side, of(visitor).tokens));
  return async (visitor) => {
    const { refresh_token: token = '' } = of(visitor).tokens;
    of(visitor).tokens = await askTokens(side, side.clients.offline, {
      grant_type: 'refresh_token',
      refresh_token: token,
    });
  };
}

/** The medians of the rounds of one line. */
export function summary(samples: readonly Sample[]): Sample {
  const of = (key: keyof Sample) => median(samples.map((sample) => sample[key] as number));
  const [first] = samples as [Sample];
  const keys = [
    'perSecond',
    'p50',
    'p95',
    'p99',
    'serverCpu',
    'databaseCpu',
    'statements',
    'commits',
    'memory',
  ] as const;
  return {
    ...first,
    ...Object.fromEntries(keys.map((key) => [key, of(key)])),
    errors: samples.reduce((sum, { errors }) => sum + errors, 0),
    firstError: samples.find(({ firstError }) => firstError !== null)?.firstError ?? null,
  };
}

function grouped(samples: readonly Sample[]): Sample[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = [sample.scope, sample.concurrency, sample.operation, sample.side].join('|');
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].map(summary);
}

/** Part b. */
export function operationsTable(samples: readonly Sample[]): string {
  return table(
    [
      'operation',
      'side',
      'scope',
      'at once',
      '/s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'errors',
      'CPU server ms',
      'CPU database ms',
      'statements',
      'commits',
      'MiB',
    ],
    grouped(samples).map((s) => [
      s.operation,
      s.side,
      s.scope,
      s.concurrency,
      s.perSecond,
      s.p50,
      s.p95,
      s.p99,
      s.errors,
      s.serverCpu,
      s.databaseCpu,
      s.statements,
      s.commits,
      Math.round(s.memory),
    ]),
  );
}

/** Part c: CPU of server and database together, ours to bare; of each round, then the median. */
export function ratiosTable(samples: readonly Sample[]): string {
  const rows = grouped(samples)
    .filter(({ side }) => side === 'ours')
    .map((ours) => {
      const ratios = ratiosOf(samples, ours);
      const bare = grouped(samples).find((s) => s.side === 'bare' && sameLine(s, ours));
      const limit = ours.scope === 'openid' ? LIMITS[ours.operation] : null;
      const ratio = median(ratios);
      return [
        ours.operation,
        ours.scope,
        ours.concurrency,
        ours.serverCpu + ours.databaseCpu,
        bare ? bare.serverCpu + bare.databaseCpu : null,
        ratio.toFixed(2),
        Math.min(...ratios).toFixed(2),
        Math.max(...ratios).toFixed(2),
        limit === null ? null : limit.toFixed(2),
        limit === null ? null : ratio <= limit ? 'yes' : 'no',
      ];
    });
  return table(
    [
      'operation',
      'scope',
      'at once',
      'CPU ours ms',
      'CPU bare ms',
      'ratio',
      'lowest',
      'highest',
      'at most',
      'kept',
    ],
    rows,
  );
}

function ratiosOf(samples: readonly Sample[], line: Sample): number[] {
  const cpu = (side: Side['name']) =>
    samples.filter((s) => s.side === side && sameLine(s, line)).map((s) => s.serverCpu + s.databaseCpu);
  const bare = cpu('bare');
  return cpu('ours').map((ours, round) => ours / (bare[round] ?? Number.NaN));
}

const sameLine = (a: Sample, b: Sample) =>
  a.operation === b.operation && a.scope === b.scope && a.concurrency === b.concurrency;
