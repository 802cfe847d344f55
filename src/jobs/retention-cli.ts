import { parseArgs } from 'node:util';
import { acceptRefused } from '../accounts/retention-runs-store.ts';
import type { Deps } from '../deps.ts';
import { previewRetention, previewText } from './retention-preview.ts';

type Io = { out(line: string): void; err(line: string): void };

const USAGE = 'usage: educonnect retention preview [--json]\n       educonnect retention accept <id>';

/** `educonnect retention preview` and `retention accept`. @returns 0 done, 1 nothing of this id, 2 wrong usage */
export async function retentionCommand(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [verb, id, ...more] = positionals;
  if (verb === 'preview' && id === undefined) return preview(deps, values.json ?? false, io);
  if (verb === 'accept' && id !== undefined && /^\d{1,9}$/.test(id) && more.length === 0)
    return accept(deps, Number(id), io);
  io.err(USAGE);
  return 2;
}

async function preview(deps: Deps, json: boolean, io: Io): Promise<number> {
  const found = await previewRetention(deps);
  if (json) io.out(JSON.stringify(found));
  else for (const line of previewText(found)) io.out(line);
  return 0;
}

async function accept({ jobsDb, clock }: Deps, id: number, io: Io): Promise<number> {
  const due = await acceptRefused(jobsDb, id, clock.now());
  if (due === null) {
    io.err(`no refused run has the id ${id}; nothing was done`);
    return 1;
  }
  io.out(
    `the next run may erase up to ${due.accounts} accounts, ${due.pupils} pupils and ${due.guardians} guardians of the directory`,
  );
  return 0;
}
