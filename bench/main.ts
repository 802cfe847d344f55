/** `npm run bench`: runs the parts asked for, one after the other, and prints their tables (Markdown). */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { distributionsTable } from './distribute.ts';
import { enumerationTable, measureEnumeration } from './enumeration.ts';
import { importTable, measureImport } from './import.ts';
import { measureLogins, operationsTable, ratiosTable } from './logins.ts';
import { describeMachine } from './machine.ts';
import { LARGE, makeNation, nationTable } from './nation.ts';
import { measureNight, nightTables } from './night.ts';
import { measureNotify, notifyTable } from './notify.ts';
import { type Options, type Part, readOptions, USAGE } from './options.ts';
import { measurePages, pagesTable } from './pages.ts';
import { measureRush, rushTable } from './rush.ts';
import { faultsOf } from './servers.ts';
import { openArena } from './sides.ts';
import { hangUp } from './visitor.ts';
import { measureWorkers, workersTable } from './workers.ts';

/** Kept between runs: the last tables, and the nation. */
const KEPT = fileURLToPath(new URL('../.bench', import.meta.url));
const nationFolder = (accounts: number) => join(KEPT, `nation-${accounts}`);
const say = (line: string) => console.error(`  ${line}`);

type Measured = { title: string; machine: string; tables: string[] };

async function logins(options: Options, folder: string): Promise<Measured> {
  const flags = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  const { port, accounts, keepRefresh } = options;
  const arena = await openArena({ folder, ports: [port, port + 1], accounts, rotate: !keepRefresh, flags });
  try {
    const samples = await measureLogins(arena, options, say);
    const faults = [...new Set(samples.flatMap(({ firstError }) => firstError ?? []))];
    return {
      title: 'Logins: each operation, and beside the bare library',
      machine: describeMachine(arena.database.version),
      tables: [
        operationsTable(samples),
        ratiosTable(samples),
        ...faults.map((fault) => `error: ${fault}`),
        ...faultsOf(folder).map((fault) => `our server said: ${fault}`),
      ],
    };
  } finally {
    hangUp();
    await arena.close();
  }
}

async function imports({ pupils }: Options, folder: string): Promise<Measured> {
  const result = await measureImport({ folder, pupils }, say);
  const { schools, guardians, files, pupils: written } = result.feed;
  const faults = result.runs.flatMap(({ what, error }) => (error === null ? [] : `${what}: ${error}`));
  return {
    title: `Import: ${written} pupils and ${guardians} guardians of ${schools} schools in ${files} files`,
    machine: describeMachine(result.version),
    tables: [importTable(result), ...faults],
  };
}

async function night(
  { nightPupils: pupils, port, accounts, visitors, longSeconds }: Options,
  folder: string,
): Promise<Measured> {
  const loop = { concurrency: visitors, seconds: longSeconds };
  try {
    const result = await measureNight({ folder, port, pupils, accounts, ...loop }, say);
    return {
      title: `Full logins, ${visitors} at once, while an import runs`,
      machine: describeMachine(result.version),
      tables: nightTables(result, pupils),
    };
  } finally {
    hangUp();
  }
}

async function workers(options: Options, folder: string): Promise<Measured> {
  const { port, accounts, visitors: concurrency, rounds, longSeconds: seconds } = options;
  const loop = { workers: options.workers, running: options.running, concurrency, rounds, seconds };
  try {
    const { samples, version } = await measureWorkers({ folder, port, accounts, ...loop }, say);
    const faults = [...new Set(samples.flatMap((sample) => sample.loop.firstError ?? []))];
    return {
      title: `Several processes, ${concurrency} visitors at once`,
      machine: describeMachine(version),
      tables: [workersTable(samples), ...faults.map((fault) => `error: ${fault}`)],
    };
  } finally {
    hangUp();
  }
}

async function rush(options: Options, folder: string): Promise<Measured> {
  const { port, accounts, rounds, workers, rush: visitors } = options;
  try {
    const settings = { folder, port, accounts, rounds, workers, visitors };
    const { samples, version } = await measureRush(settings, say);
    const faults = [...new Set(samples.flatMap(({ firstFault }) => firstFault ?? []))];
    return {
      title: `${visitors} full logins at the same moment`,
      machine: describeMachine(version),
      tables: [rushTable(samples), ...faults.map((fault) => `lost: ${fault}`)],
    };
  } finally {
    hangUp();
  }
}

async function notifying({ port }: Options, folder: string): Promise<Measured> {
  const result = await measureNotify({ folder, port }, say);
  hangUp();
  return {
    title: 'Notification of one school',
    machine: describeMachine(result.version),
    tables: [notifyTable(result), distributionsTable(result.distributions)],
  };
}

async function enumeration({ port, accounts, pairs }: Options, folder: string): Promise<Measured> {
  try {
    const { samples, version } = await measureEnumeration({ folder, port, accounts, pairs }, say);
    return {
      title: `Known and unknown in turn, ${pairs} pairs of each form`,
      machine: describeMachine(version),
      tables: [enumerationTable(samples)],
    };
  } finally {
    hangUp();
  }
}

async function nation({ nation: accounts }: Options): Promise<Measured> {
  const result = await makeNation(nationFolder(accounts), accounts, say);
  return {
    title: `A nation of ${accounts} accounts`,
    machine: describeMachine(result.version),
    tables: [nationTable(result)],
  };
}

async function pages({ nation: accounts, port, visits }: Options, folder: string): Promise<Measured> {
  try {
    const settings = { folder, kept: nationFolder(accounts), port, accounts, visits };
    const { samples, skipped, version } = await measurePages(settings, say);
    return {
      title: `Pages of the directors' module, a school of ${LARGE.guardians} guardians among ${accounts} accounts`,
      machine: describeMachine(version),
      tables: [
        pagesTable(samples),
        ...skipped.map((page) => `not visited, for nothing stands there: ${page}`),
      ],
    };
  } finally {
    hangUp();
  }
}

const RUN: Record<Part, (options: Options, folder: string) => Promise<Measured>> = {
  import: imports,
  logins,
  night,
  workers,
  rush,
  notify: notifying,
  enumeration,
  nation,
  pages,
};

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
    console.error(`${part}:`);
    const folder = await mkdtemp(join(tmpdir(), 'ec-bench-'));
    const forget = () => rmSync(folder, { recursive: true, force: true });
    process.once('exit', forget);
    try {
      const { title, machine, tables } = await run(options, folder);
      const text = [`## ${title}`, machine, ...tables].join('\n\n');
      console.log(`\n${text}\n`);
      await writeFile(join(KEPT, `${part}.md`), `${text}\n`);
    } finally {
      process.off('exit', forget);
      await rm(folder, { recursive: true, force: true });
    }
  }
  return 0;
}

// Servers and databases end with this process, by their handlers of `exit`.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.exitCode = await main();
