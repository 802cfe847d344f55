import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { AccountState } from '../accounts/types.ts';
import {
  askForcedChange,
  type ForcedChange,
  type ForcedCriteria,
  type ForcedStanding,
  markNext,
  previewForcedChange,
} from '../credentials/forced-change.ts';
import { liftForcedChange } from '../credentials/forced-lift.ts';
import { type ForcedProgress, nothing, readForcedProgress } from '../credentials/forced-progress.ts';
import { findForcedChange, listForcedChanges } from '../credentials/forced-store.ts';
import type { Deps } from '../deps.ts';
import { findSchoolIds } from '../directory/schools-store.ts';
import { readUai } from '../directory/uai.ts';
import { beginningInParis, readDay } from '../files/day.ts';

type Io = { out(line: string): void; err(line: string): void };

const USAGE = 'usage: educonnect force-change --help';

const KINDS = z.enum(['guardian', 'pupil']);
const STATES = z.enum(['activated', 'activating']);
const ACADEMY = /^[0-9A-Z]{1,3}$/;
const LISTED = 20;
const LONGEST_REASON = 200;

/** @returns 0 done; 1 refused: nothing like it is known; 2 wrong usage */
export async function forceChangeCommand(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: withIdLast(argv),
    options: {
      school: { type: 'string', multiple: true },
      academy: { type: 'string' },
      kind: { type: 'string' },
      'changed-before': { type: 'string' },
      state: { type: 'string', multiple: true },
      reason: { type: 'string' },
      notify: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (positionals[0] === 'status' && positionals.length <= 2)
    return status(deps, positionals[1] ?? null, values.json, io);
  if (positionals[0] === 'lift' && positionals[1] !== undefined && positionals.length === 2)
    return lift(deps, positionals[1], values.json, io);
  const read = positionals.length > 0 ? `${positionals[0]} is no verb` : readCriteria(values);
  if (typeof read === 'string') {
    io.err(`${read}\n${USAGE}`);
    return 2;
  }
  const criteria = await withSchools(deps, read, io);
  if (criteria === null) return 1;
  const reason = values.reason?.trim().slice(0, LONGEST_REASON) || null;
  return run(
    deps,
    { criteria, reason, notify: values.notify, dryRun: values['dry-run'], json: values.json },
    io,
  );
}

/** One id in 64 begins with a hyphen and would be read as an option. */
function withIdLast(argv: readonly string[]): string[] {
  const [verb = '', id = '', ...rest] = argv;
  const named = (verb === 'status' || verb === 'lift') && /^-[\w-]{21}$/.test(id);
  return named ? [verb, ...rest, '--', id] : [...argv];
}

type Options = {
  school?: string[] | undefined;
  academy?: string | undefined;
  kind?: string | undefined;
  'changed-before'?: string | undefined;
  state?: string[] | undefined;
};
/** Schools by their UAI; null: all. */
type Typed = Omit<ForcedCriteria, 'schools'> & { uais: string[] | null };

/** @returns what is wrong with the command line, as a sentence */
function readCriteria({ school = [], academy, kind, state = [], ...rest }: Options): Typed | string {
  const all = school.includes('all');
  if (school.length === 0 && academy === undefined) return 'say whom: --school <UAI|all> or --academy <code>';
  if (all && school.length > 1) return 'all schools, or some of them';
  const uais = all || school.length === 0 ? null : school.map(readUai);
  if (uais?.some((uai) => uai === null)) return 'a UAI has seven digits and a letter';
  if (academy !== undefined && !ACADEMY.test(academy)) return `${academy} is no code of an académie`;
  const kinds = KINDS.nullable().safeParse(kind ?? null);
  if (!kinds.success) return '--kind is guardian or pupil';
  const states = STATES.array().safeParse(state);
  if (!states.success) return '--state is activated or activating';
  const before = rest['changed-before'];
  const day = before === undefined ? null : readDay(before);
  if (before !== undefined && day === null) return `${before} is no day: YYYY-MM-DD`;
  return {
    uais: uais as string[] | null,
    academy: academy ?? null,
    kind: kinds.data,
    classIds: [],
    states: states.data.length === 0 ? (['activated'] satisfies AccountState[]) : [...new Set(states.data)],
    changedBefore: day === null ? null : beginningInParis(day),
  };
}

async function withSchools(deps: Deps, { uais, ...typed }: Typed, io: Io): Promise<ForcedCriteria | null> {
  if (uais === null) return { ...typed, schools: null };
  const ids = await findSchoolIds(deps.jobsDb, uais);
  const unknown = uais.filter((uai) => !ids.has(uai));
  if (unknown.length > 0) {
    io.err(`no school has the UAI ${unknown.join(', ')}; nothing was done`);
    return null;
  }
  return { ...typed, schools: [...ids.values()] };
}

type Asked = {
  criteria: ForcedCriteria;
  reason: string | null;
  notify: boolean;
  dryRun: boolean;
  json: boolean;
};

async function run(deps: Deps, { criteria, reason, notify, dryRun, json }: Asked, io: Io): Promise<number> {
  const preview = await previewForcedChange(deps.jobsDb, criteria);
  if (!json) for (const line of previewLines(preview)) io.out(line);
  if (dryRun) {
    if (json) io.out(JSON.stringify({ dry_run: true, ...previewData(preview) }));
    return 0;
  }
  const change = await askForcedChange(deps, {
    criteria,
    schoolId: null,
    reason,
    notify,
    expected: preview.concerned,
    formKey: null,
    actor: { actorKind: 'operator' },
  });
  io.err(`forced change ${change.publicId}`);
  const marked = await markAll(deps, change, io);
  if (json) io.out(JSON.stringify({ id: change.publicId, dry_run: false, ...previewData(preview), marked }));
  else io.out(`marked: ${marked}`);
  return 0;
}

/** A server that is there may mark some of them too. */
async function markAll(deps: Deps, { publicId, expected }: ForcedChange, io: Io): Promise<number> {
  for (;;) {
    const part = await markNext(deps, deps.jobsDb, publicId);
    if (part === null || part.last) break;
    const { marked = 0 } = (await findForcedChange(deps.jobsDb, publicId)) ?? {};
    io.err(`${marked} of ${expected}`);
  }
  return (await findForcedChange(deps.jobsDb, publicId))?.marked ?? 0;
}

const LEFT_OUT: Record<Exclude<ForcedStanding, 'concerned'>, string> = {
  'no-password': 'without a password (FranceConnect only)',
  provisional: 'with a provisional password, to be changed anyway',
  'not-activated': 'never activated',
  marked: 'marked already',
  'changed-since': 'changed since that day',
};

function previewLines(preview: Record<ForcedStanding, number>): string[] {
  const reasons = Object.entries(LEFT_OUT) as [Exclude<ForcedStanding, 'concerned'>, string][];
  return [
    `to be changed: ${preview.concerned}`,
    ...reasons.map(([standing, words]) => `left out, ${words}: ${preview[standing]}`),
  ];
}

const previewData = ({ concerned, ...left }: Record<ForcedStanding, number>) => ({
  concerned,
  left_out: Object.fromEntries(
    Object.entries(left).map(([name, count]) => [name.replaceAll('-', '_'), count]),
  ),
});

async function status(deps: Deps, publicId: string | null, json: boolean, io: Io): Promise<number> {
  const known = publicId === null ? null : await findForcedChange(deps.jobsDb, publicId);
  if (publicId !== null && known === null) {
    io.err(`no forced change is called ${publicId}`);
    return 1;
  }
  const listed = { schoolId: null, limit: LISTED };
  const changes = known === null ? await listForcedChanges(deps.jobsDb, listed) : [known];
  const progress = await readForcedProgress(deps.jobsDb, changes);
  const rows = changes.map((change) => statusOf(change, progress.get(change.id) ?? nothing()));
  if (json) io.out(JSON.stringify(publicId === null ? rows : rows[0]));
  else for (const row of rows) for (const line of statusLines(row, publicId !== null)) io.out(line);
  return 0;
}

/** Whoever has not changed his password since need not any more. */
async function lift(deps: Deps, publicId: string, json: boolean, io: Io): Promise<number> {
  const change = await findForcedChange(deps.jobsDb, publicId);
  if (change === null) {
    io.err(`no forced change is called ${publicId}`);
    return 1;
  }
  const lifted = await liftForcedChange(deps, deps.jobsDb, change);
  io.out(json ? JSON.stringify({ id: publicId, lifted }) : `lifted: ${lifted}`);
  return 0;
}

function statusOf(change: ForcedChange, { marked, left, ended, days }: ForcedProgress) {
  const { publicId, state, createdAt, expected, reason } = change;
  return { id: publicId, asked_at: createdAt, state, reason, expected, marked, left, ...ended, days };
}

type Status = ReturnType<typeof statusOf>;

function statusLines(
  { id, asked_at, state, marked, left, changed, reset, removed, lifted, days }: Status,
  whole: boolean,
) {
  const counts = `marked ${marked}, changed ${changed}, reset ${reset}, removed ${removed}, lifted ${lifted}, left ${left}`;
  const lines = [`${id}  ${asked_at.toISOString()}  ${state}  ${counts}`];
  return whole ? [...lines, ...days.map((one) => `  ${one.day}  ${one.changed}`)] : lines;
}
