import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '../db/migrations.ts';
import type { Deps } from '../deps.ts';
import { importCommand } from '../imports/cli.ts';
import { readPersonas } from './personas.ts';
import { DemoError, type Files } from './places.ts';
import { writeFeed } from './sample-schools/aaf.ts';
import { SCHOOLS } from './sample-schools/schools.ts';
import type { World } from './sample-schools/types.ts';
import { sampleWorld } from './sample-schools/world.ts';
import { stageCast } from './staging.ts';
import { countSchools, dropTables } from './store.ts';

type Log = (line: string) => void;

const SAMPLES = Object.values(SCHOOLS).map((school) => school.uai);

/**
 * Fills a new database with the sample schools, read by the real importer, and prepares the people of
 * `personas.json`; goes on where an interrupted run stopped. `personas.json` is written at each start as the
 * database has it: who has signed in meanwhile has no provisional password any more.
 * @throws DemoError when the database holds other people's schools
 */
export async function seed(deps: Deps, files: Files, log: Log): Promise<void> {
  await migrate(deps.jobsDb);
  const { all, foreign } = await countSchools(deps.db, SAMPLES);
  if (foreign > 0)
    throw new DemoError('This database holds schools that are not the samples: the demo leaves it alone.');
  const world = sampleWorld();
  if (all === 0 || !existsSync(files.personas)) {
    log(`Importing ${SAMPLES.length} sample schools, ${countPupils(world)} pupils`);
    await importWorld(deps, files.feed, world);
    await stageCast(deps, world);
  }
  const personas = await readPersonas(deps, world);
  await writeFile(files.personas, `${JSON.stringify(personas, null, 2)}\n`, { mode: 0o600 });
}

const countPupils = (world: World) => world.feeds.reduce((sum, feed) => sum + feed.pupils.length, 0);

/** One folder a directory, as each académie delivers its own. */
async function importWorld(deps: Deps, folder: string, world: World): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const feed of world.feeds) {
    const name = `academie-${feed.academy.code}-${feed.degree}d`;
    await writeFeed(join(folder, name), feed, deps.clock.now());
  }
  await importFeed(deps, folder);
}

/** `educonnect import <folder>`, in this process. */
async function importFeed(deps: Deps, folder: string): Promise<void> {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) };
  const code = await importCommand(deps, [folder, '--json'], io);
  if (code !== 0) throw new Error(`the sample schools could not be imported: ${err.join('\n')}`);
}

/** Forgets everything on a server that is not the demo's own. @throws DemoError when it holds other schools */
export async function forgetData(deps: Deps): Promise<void> {
  await migrate(deps.jobsDb);
  const { foreign } = await countSchools(deps.db, SAMPLES);
  if (foreign > 0)
    throw new DemoError('This database holds schools that are not the samples: --fresh does not empty it.');
  await dropTables(deps.jobsDb);
}
