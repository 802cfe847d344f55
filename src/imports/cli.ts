import { parseArgs } from 'node:util';
import { reportText } from './report.ts';
import { importFolder } from './run.ts';
import { findRefused } from './runs-store.ts';
import type { ImportDeps, Progress } from './types.ts';

type Io = { out(line: string): void; err(line: string): void };

const USAGE = `usage: educonnect import <folder> [--dry-run] [--accept <report id>] [--json]
       educonnect import --accept <report id> [--json]`;
/** At most one line of progress in this time, in milliseconds. */
const SAY_EVERY_MS = 2000;

/**
 * `educonnect import <folder>` (contract.md).
 * @returns 0 done, although records may have been refused; 1 the feed was refused, another import is running or a
 * school could not be written; 2 wrong usage
 */
export async function importCommand(deps: ImportDeps, argv: string[], io: Io): Promise<number> {
  const given = readArguments(argv);
  if (!given) {
    io.err(USAGE);
    return 2;
  }
  const { dryRun, json, accept } = given;
  const folder = given.folder ?? (await folderOf(deps, accept ?? '', io));
  if (folder === null) return 1;
  const result = await importFolder(deps, folder, { dryRun, accept, progress: speaker(deps, io) });
  if (!result.ok && result.reason === 'running') {
    const since = result.since.toISOString();
    io.err(`another import is running (${result.report}, since ${since}); nothing was done`);
    return 1;
  }
  if (json) io.out(JSON.stringify(result.report));
  else if (result.ok) io.out(reportText(result.report).trimEnd());
  if (!result.ok) io.err(reportText(result.report).trimEnd());
  return result.ok && result.failed === 0 ? 0 : 1;
}

/** The folder of the run that is to be released. */
async function folderOf(deps: ImportDeps, accept: string, io: Io): Promise<string | null> {
  const refused = await findRefused(deps.jobsDb, accept);
  if (refused.ok) return refused.folder;
  io.err(`${refused.reason}; nothing was done`);
  return null;
}

type Arguments = { folder: string | undefined; dryRun: boolean; json: boolean; accept: string | undefined };

function readArguments(argv: string[]): Arguments | null {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      options: { 'dry-run': { type: 'boolean' }, json: { type: 'boolean' }, accept: { type: 'string' } },
      allowPositionals: true,
    });
    const [folder, ...more] = positionals;
    if ((!folder && values.accept === undefined) || more.length > 0) return null;
    return {
      folder,
      dryRun: values['dry-run'] ?? false,
      json: values.json ?? false,
      accept: values.accept,
    };
  } catch {
    return null;
  }
}

/** Progress for the one who waits: the first and the last of each step, and now and then between. */
function speaker(deps: ImportDeps, io: Io): Progress {
  let said = 0;
  return (event) => {
    const now = deps.clock.now().getTime();
    const edge = event.step === 'read' ? event.done === 0 : event.done === event.of;
    if (!edge && now - said < SAY_EVERY_MS) return;
    said = now;
    if (event.step === 'read') io.err(`reading ${event.done + 1} of ${event.of}: ${event.file}`);
    else io.err(`schools ${event.done} of ${event.of}: ${event.school}`);
  };
}
