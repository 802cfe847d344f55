import type { ExpiryRule } from '../db/expiry.ts';
import type { Deps } from '../deps.ts';

/** `refused`: nothing was wrong here and trying again is pointless; `failed`: it is tried again a little later. */
export type JobResult = {
  outcome: 'done' | 'refused' | 'failed';
  /** Numbers and short words, no personal data: they are kept and logged. */
  details: Record<string, number | string>;
};

/** What a job is given: the moment that it stands for, and a signal to end early, at a point where that is safe. */
export type JobTurn = { now: Date; signal: AbortSignal };

export type Job = {
  name: string;
  /** A cron pattern in the time of Paris; null: it is not run by the clock. */
  schedule: string | null;
  /** A job of the same schedule that must be over first. */
  after?: string;
  /** One of it at a time among all processes, each run noted. */
  alone: boolean;
  run(turn: JobTurn): Promise<JobResult>;
};

/** A column with sealed values: what each is bound to is told by other columns of its row. */
export type SealedColumn = {
  table: string;
  /** Its primary key. */
  key: string;
  column: string;
  /** Columns, or expressions, from which `context` says what the value was sealed for. */
  for: readonly string[];
  context(...values: string[]): string;
  /** Rows at once; fewer where values are large. */
  atOnce?: number;
};

/** The jobs' share of the provider, handed over by the program because doors do not import doors. */
export type ProviderChores = {
  protocolRows: readonly ExpiryRule[];
  /** Makes the next signing keys when the present ones have served their time. @returns how many */
  rotateWhenDue(deps: Deps): Promise<number>;
  sealed: readonly SealedColumn[];
};
