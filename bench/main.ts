/** `npm run bench`: runs the parts asked for, one after the other, and prints their tables (Markdown). */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureLogins, operationsTable, ratiosTable } from './logins.ts';
import { describeMachine } from './machine.ts';
import { type Options, type Part, readOptions, USAGE } from './options.ts';
import { openArena } from './sides.ts';
import { hangUp } from './visitor.ts';

/** Kept between runs: the last tables, and the nation. */
const KEPT = fileURLToPath(new URL('../.bench', import.meta.url));
const say = (line: string) => console.error(`  ${line}`);

type Measured = { title: string; machine: string; tables: string[] };

async function logins(options: Options, folder: string): Promise<Measured> {
  const flags = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  const arena = await openArena({ folder, port: options.port, accounts: options.accounts, flags });
  try {
    const samples = await measureLogins(arena, options, say);
    const faults = [...new Set(samples.flatMap(({ firstError }) => firstError ?? []))];
    return {
      title: 'Logins: each operation, and beside the bare library',
      machine: describeMachine(arena.database.version),
      tables: [operationsTable(samples), ratiosTable(samples), ...faults.map((fault) => `error: ${fault}`)],
    };
  } finally {
    hangUp();
    await arena.close();
  }
}

const RUN: Partial<Record<Part, (options: Options, folder: string) => Promise<Measured>>> = { logins };

async function main(): Promise<number> {
  let options: Options | 'help';
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  await mkdir(KEPT, { recursive: true });
  for (const part of options.parts) {
    const run = RUN[part];
    if (!run) continue;
    console.error(`${part}:`);
    const folder = await mkdtemp(join(tmpdir(), 'ec-bench-'));
    try {
      const { title, machine, tables } = await run(options, folder);
      const text = [`## ${title}`, machine, ...tables].join('\n\n');
      console.log(`\n${text}\n`);
      await writeFile(join(KEPT, `${part}.md`), `${text}\n`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return 0;
}

process.exitCode = await main();
