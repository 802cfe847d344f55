import { parseArgs } from 'node:util';
import type { Deps } from '../deps.ts';
import { readUai } from '../directory/uai.ts';
import { computeAll, computeSchools } from './compute.ts';
import { updatedAt } from './moment.ts';
import { findSchool, findSnapshot, type School } from './store.ts';
import { type Row, statisticsTables, type Table } from './tables.ts';
import type { Snapshot } from './types.ts';

type Io = { out(line: string): void; err(line: string): void };

/**
 * `educonnect statistics [--school <UAI>] [--json]`: computes and keeps the statistics of all schools, or of one and
 * shows them. @returns 0 done, 1 no such school, 2 wrong usage
 */
export async function statisticsCommand(
  deps: Pick<Deps, 'jobsDb' | 'clock'>,
  argv: string[],
  io: Io,
): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: { school: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  if (values.school === undefined) return ofAll(deps, values.json, io);
  const uai = readUai(values.school);
  if (uai === null) {
    io.err(`${values.school} is no UAI: seven digits and a letter.`);
    return 2;
  }
  const school = await findSchool(deps.jobsDb, uai);
  if (school === null) {
    io.err(`No school has the UAI ${uai}.`);
    return 1;
  }
  await computeSchools(deps.jobsDb, [school], deps.clock.now());
  const snapshot = (await findSnapshot(deps.jobsDb, school.id)) as Snapshot;
  if (values.json) io.out(JSON.stringify(asData(school, snapshot)));
  else for (const line of asText(school, snapshot)) io.out(line);
  return 0;
}

async function ofAll(deps: Pick<Deps, 'jobsDb' | 'clock'>, json: boolean, io: Io): Promise<number> {
  const computedAt = deps.clock.now();
  const { schools } = await computeAll(deps);
  io.out(json ? JSON.stringify({ computed_at: computedAt, schools }) : `computed for ${schools} schools`);
  return 0;
}

/** Numbers by state, as kept: `counts` by origin and state, what is 0 left out. */
function asData({ uai, name, degree }: School, { computedAt, counts }: Snapshot): object {
  const { guardians, pupils, inSchool, covered } = counts;
  return {
    uai,
    name,
    degree,
    computed_at: computedAt,
    guardians,
    pupils,
    pupils_in_school: inSchool,
    pupils_covered: covered,
  };
}

function asText({ uai, name }: School, { computedAt, counts }: Snapshot): string[] {
  const tables = [...statisticsTables(counts), ...statisticsTables(counts, 'pupils')];
  return [`${uai} ${name}`, ...tables.flatMap(tableText), '', updatedAt(computedAt)];
}

function tableText({ title, columns, labels, rows, total }: Table): string[] {
  const withDetails = rows.flatMap((row): Row[] => [row, ...row.details]);
  const lines = [columns, ...[...withDetails, ...(total ? [total] : [])].map(({ cells }) => cells)];
  const widths = columns.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const text = lines.map((cells) =>
    cells
      .map((cell, column) =>
        column < labels ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return ['', title, ...text];
}
