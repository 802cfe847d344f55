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
import { sampleWorld } from './sample-schools/world.ts';
import { stageCast } from './staging.ts';
import { countSchools, dropTables } from './store.ts';

type Log = (line: string) => void;

const SAMPLES = Object.values(SCHOOLS).map((school) => school.uai);

/**
 * Fills a new database with the sample schools, read by the real importer, and prepares the people of
 * `personas.json`. Does nothing when that was done; goes on where an interrupted run stopped.
 * @throws DemoError when the database holds other people's schools
 */
export async function seed(deps: Deps, files: Files, log: Log): Promise<void> {
  await migrate(deps.jobsDb);
  const { all, foreign } = await countSchools(deps.db, SAMPLES);
  if (foreign > 0)
    throw new DemoError('This database holds schools that are not the samples: the demo leaves it alone.');
  if (all > 0 && existsSync(files.personas)) return;
  const world = sampleWorld();
  const pupils = world.feeds.reduce((sum, feed) => sum + feed.pupils.length, 0);
  log(`Importing ${SAMPLES.length} sample schools, ${pupils} pupils`);
  await rm(files.feed, { recursive: true, force: true });
  for (const feed of world.feeds)
    await writeFeed(
      join(files.feed, `academie-${feed.academy.code}-${feed.degree}d`),
      feed,
      deps.clock.now(),
    );
  await importFeed(deps, files.feed);
  await stageCast(deps, world);
  const personas = await readPersonas(deps, world);
  await writeFile(files.personas, `${JSON.stringify(personas, null, 2)}\n`, { mode: 0o600 });
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
