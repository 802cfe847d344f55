import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Deps } from '../deps.ts';
import type { Answered } from './access-log.ts';

export type LoginOutcome =
  | 'ok'
  | 'first-connection'
  | 'wrong'
  | 'wrong-profile'
  | 'locked'
  | 'expired'
  | 'frozen'
  | 'busy'
  | 'rate-limited';

/** By which way somebody comes in: password, FranceConnect, code by SMS, passkey (`amr` of the contract). */
export const WAYS_IN = ['pwd', 'fc', 'sms', 'hwk'] as const;
export type WayIn = (typeof WAYS_IN)[number];
export type ReturnOutcome = 'identified' | 'cancelled' | 'refused' | 'unreachable';

export type CodePurpose = 'enrolment' | 'recovery';
/** How a request for a code (the first line) or a try of one ended. `sent`: so the visitor was told. */
export type CodeOutcome =
  | ('sent' | 'too-soon' | 'too-many' | 'suspended')
  | ('verified' | 'wrong' | 'expired' | 'used-up' | 'none');

/** A measure that is read when it is asked for; without its labels a single number. */
export type Reading = { name: string; help: string; labelNames: readonly string[] };
export type ReadValue = { labels: Record<string, string>; value: number };

export type Metrics = {
  /** Counts a sign-in by how it ended; nothing personal (security.md decision 11). */
  countLogin(profile: 'guardian' | 'pupil', outcome: LoginOutcome, way: WayIn): void;
  /** Counts those who come back from FranceConnect, by what it said of them. */
  countReturn(outcome: ReturnOutcome): void;
  /** Counts one-time codes that were asked for and tried. */
  countCode(purpose: CodePurpose, outcome: CodeOutcome): void;
  /** Adds a measure that the database knows; while that is away it has no value. */
  addReading(reading: Reading, read: () => Promise<ReadValue[]>): void;
  /** Times requests by method, route and status. */
  measure(answered: Answered): void;
  /** Prometheus' text format. */
  text(): Promise<string>;
  contentType: string;
};

type Pool = { numUsed(): number; numFree(): number; numPendingAcquires(): number };

/**
 * The measures of one application; no global registry, so that two in one process (tests) do not meet.
 * @param options `ofProcess`: also CPU, memory and the lag of the event loop
 */
export function createMetrics(
  deps: Pick<Deps, 'passwords' | 'db' | 'jobsDb'>,
  { ofProcess = false }: { ofProcess?: boolean } = {},
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const logins = new Counter({
    name: 'educonnect_logins_total',
    help: 'Sign-ins by profile, outcome and way (pwd, fc, sms, hwk)',
    labelNames: ['profile', 'outcome', 'way'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'educonnect_http_request_seconds',
    help: 'Time to answer, by method, route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const codes = new Counter({
    name: 'educonnect_codes_total',
    help: 'One-time codes by SMS, by purpose and outcome',
    labelNames: ['purpose', 'outcome'] as const,
    registers,
  });
  const returns = new Counter({
    name: 'educonnect_franceconnect_returns_total',
    help: 'Visitors who came back from FranceConnect, by what it said of them',
    labelNames: ['outcome'] as const,
    registers,
  });
  if (ofProcess) collectDefaultMetrics({ register: registry });
  measureGate(deps, registers);
  measurePools(deps, registers);
  return {
    countLogin: (profile, outcome, way) => logins.inc({ profile, outcome, way }),
    countReturn: (outcome) => returns.inc({ outcome }),
    countCode: (purpose, outcome) => codes.inc({ purpose, outcome }),
    addReading: (reading, read) => void addGauge(registers, reading, read),
    measure: ({ method, route, status, seconds }) => durations.observe({ method, route, status }, seconds),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function addGauge(
  registers: Registry[],
  { name, help, labelNames }: Reading,
  read: () => Promise<ReadValue[]>,
): void {
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers,
    async collect() {
      this.reset();
      for (const { labels, value } of await read().catch(() => [])) this.set(labels, value);
    },
  });
}

function measureGate({ passwords }: Pick<Deps, 'passwords'>, registers: Registry[]): void {
  new Gauge({
    name: 'educonnect_password_checks',
    help: 'Passwords being checked (running) and waiting for their turn (waiting)',
    labelNames: ['state'] as const,
    registers,
    collect() {
      const { running, waiting } = passwords.load();
      this.set({ state: 'running' }, running);
      this.set({ state: 'waiting' }, waiting);
    },
  });
}

function measurePools({ db, jobsDb }: Pick<Deps, 'db' | 'jobsDb'>, registers: Registry[]): void {
  new Gauge({
    name: 'educonnect_database_connections',
    help: 'Connections in use and free, and requests waiting for one, by pool',
    labelNames: ['pool', 'state'] as const,
    registers,
    collect() {
      for (const [name, source] of [
        ['requests', db],
        ['jobs', jobsDb],
      ] as const) {
        const pool = source.client.pool as Pool;
        this.set({ pool: name, state: 'used' }, pool.numUsed());
        this.set({ pool: name, state: 'free' }, pool.numFree());
        this.set({ pool: name, state: 'waiting' }, pool.numPendingAcquires());
      }
    },
  });
}
