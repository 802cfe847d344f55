import { chmodSync, mkdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { buildDeps, closeDeps } from '../build-deps.ts';
import { ConfigError, loadConfig, processEnvironment } from '../config.ts';
import type { Deps } from '../deps.ts';
import { startServer } from '../main.ts';
import { writeEnvironment } from './environment.ts';
import type { Persona } from './personas.ts';
import { assertFree, DemoError, demoFiles, demoPorts, type Files } from './places.ts';
import { startPrivateDatabase } from './private-database.ts';
import { forgetData, seed } from './seed.ts';
import { startSimulators } from './simulators.ts';
import { welcome } from './welcome.ts';

/** `npm run demo [-- --fresh]`: a database, sample schools, EduConnect and everything around it, on one machine. */

const DATABASE = 'educonnect';
/** After this long a second Ctrl-C does not wait for what is still being ended. */
const IMPATIENT_MS = 2000;
const ROOT = join(import.meta.dirname, '../..');

/** What to end, the last begun first. */
type Closing = { name: string; close: () => Promise<void> }[];

async function main(closing: Closing): Promise<void> {
  const { fresh } = readArguments();
  const inherited = processEnvironment();
  const ports = demoPorts(inherited.DEMO_PORT_BASE);
  const files = demoFiles(resolve(inherited.DEMO_FOLDER || join(ROOT, '.demo')));
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  chmodSync(files.folder, 0o700);
  await assertFree(ports);

  const databaseUrl = inherited.DATABASE_URL ?? (await ownDatabase(files, fresh, closing));
  const config = loadConfig(await writeEnvironment(files, ports, databaseUrl, inherited));
  await rm(files.log, { force: true });
  const deps: Deps = {
    ...buildDeps(config),
    log: pino(
      { level: config.LOG_LEVEL, base: null },
      pino.destination({ dest: files.log, mode: 0o600, sync: true }),
    ),
  };
  closing.push({ name: 'connections', close: () => closeDeps(deps) });
  if (fresh && inherited.DATABASE_URL) await forgetData(deps);
  if (fresh) await forgetFiles(files);
  await seed(deps, files, say);

  const simulators = await startSimulators(deps, files, ports);
  closing.push({ name: 'sample services', close: simulators.stop });
  const server = await startServer(deps);
  closing.push({ name: 'EduConnect', close: server.stop });
  const personas: Persona[] = JSON.parse(await readFile(files.personas, 'utf8'));
  say(welcome(ports, files, personas));
}

function readArguments(): { fresh: boolean } {
  try {
    const { values } = parseArgs({ options: { fresh: { type: 'boolean', default: false } } });
    return { fresh: values.fresh };
  } catch (error) {
    throw new DemoError(`${(error as Error).message}\nUsage: npm run demo [-- --fresh]`);
  }
}

async function ownDatabase(files: Files, fresh: boolean, closing: Closing): Promise<string> {
  const settings = { folder: files.database, durable: true, log: say, databases: [DATABASE] };
  const start = () =>
    startPrivateDatabase(settings).catch((error: Error) => {
      throw new DemoError(error.message);
    });
  let database = await start();
  if (fresh) {
    // Started first: that refuses when another demo is at work in this folder.
    await database.stop();
    await rm(files.database, { recursive: true, force: true });
    await forgetFiles(files);
    database = await start();
  }
  closing.push({ name: 'database', close: database.stop });
  return database.databaseUrl(DATABASE);
}

async function forgetFiles(files: Files): Promise<void> {
  for (const path of [files.personas, files.clients, files.feed])
    await rm(path, { recursive: true, force: true });
}

const say = (line: string) => console.log(line);

/** Ends all that was begun, once. */
function closer(closing: Closing): () => Promise<void> {
  let ending: Promise<void> | undefined;
  const end = async () => {
    for (const { name, close } of closing.toReversed()) {
      await close().catch((error: Error) => console.error(`${name}: ${error.message}`));
    }
  };
  return () => {
    ending ??= end();
    return ending;
  };
}

function sentenceOf(error: unknown): string {
  if (error instanceof DemoError || error instanceof ConfigError) return error.message;
  const { code, message, port, stack } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} is in use.`;
  return stack ?? message;
}

const closing: Closing = [];
const close = closer(closing);
let askedAt: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // One Ctrl-C may arrive twice: from the terminal and from the script that started us.
    if (askedAt !== undefined && Date.now() - askedAt > IMPATIENT_MS) process.exit(130);
    if (askedAt !== undefined) return;
    askedAt = Date.now();
    say('\nStopping');
    void close().then(() => process.exit(0));
  });
}
try {
  await main(closing);
} catch (error) {
  if (askedAt === undefined) {
    console.error(`\n${sentenceOf(error)}`);
    await close();
    process.exit(1);
  }
}
