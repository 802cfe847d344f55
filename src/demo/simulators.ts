import { realpathSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDeps, closeDeps } from '../build-deps.ts';
import { loadConfig } from '../config.ts';
import type { Deps } from '../deps.ts';
import { type PortalSettings, startPortal } from './academic-portal.ts';
import { portalPeople } from './academic-portal-people.ts';
import { startFranceConnect } from './franceconnect.ts';
import { franceConnectPeople } from './franceconnect-people.ts';
import { startOutbox } from './outbox.ts';
import type { Persona } from './personas.ts';
import { demoFiles, demoPorts, type Files, type Ports } from './places.ts';
import { startRelyingService } from './relying-service.ts';
import { sampleServices } from './sample-clients.ts';
import { seed } from './seed.ts';

/** Everything of the demo but the application: FranceConnect, the academic portal, the sample ENT and LSU, the outbox. */
export type Simulators = { stop(): Promise<void> };

/** @param host the interface to listen on. @throws Error (EADDRINUSE) when a port is taken: nothing is left running */
export async function startSimulators(
  deps: Deps,
  files: Files,
  ports: Ports,
  host = '127.0.0.1',
): Promise<Simulators> {
  const running: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    await Promise.all(running.map((one) => one.stop()));
  };
  try {
    running.push(await startOutbox({ http: ports.outbox, smtp: ports.smtp }, { host }));
    running.push(await startFranceConnect(await franceConnectSettings(deps, files, ports), { host }));
    running.push(await startPortal(await portalSettings(deps, files, ports), { host }));
    for (const service of await sampleServices(deps, files, ports))
      running.push(await startRelyingService(service, { host }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

async function franceConnectSettings({ config }: Deps, files: Files, ports: Ports) {
  const personas: Persona[] = JSON.parse(await readFile(files.personas, 'utf8'));
  const clientSecret = config.FRANCECONNECT_CLIENT_SECRET;
  const educonnect = {
    clientId: config.FRANCECONNECT_CLIENT_ID ?? '',
    clientSecret: clientSecret ?? '',
    name: 'ÉduConnect',
    redirectUris: [`${config.BASE_URL}/franceconnect/retour`],
    postLogoutRedirectUris: [`${config.BASE_URL}/franceconnect/deconnexion`],
  };
  return {
    origin: `http://localhost:${ports.franceConnect}`,
    clients: clientSecret === undefined ? [] : [educonnect],
    people: franceConnectPeople(personas),
  };
}

async function portalSettings({ config }: Deps, files: Files, ports: Ports): Promise<PortalSettings> {
  const personas: Persona[] = JSON.parse(await readFile(files.personas, 'utf8'));
  const { ACADEMIC_PORTAL_CLIENT_ID: clientId, ACADEMIC_PORTAL_CLIENT_SECRET: clientSecret } = config;
  const known = clientId !== undefined && clientSecret !== undefined;
  return {
    origin: `http://localhost:${ports.portal}`,
    client: known
      ? {
          clientId,
          clientSecret,
          redirectUri: `${config.BASE_URL}/admin/retour`,
          postLogoutRedirectUri: `${config.BASE_URL}/admin/deconnecte`,
        }
      : null,
    people: portalPeople(personas),
    adminUrl: `${config.BASE_URL}/admin`,
  };
}

/** Beside an application that runs elsewhere on the same network (docker-compose.yml), configured like it. */
async function main(): Promise<void> {
  const deps = buildDeps(loadConfig());
  const files = demoFiles(join(deps.config.rootDir, '.demo'));
  const ports = demoPorts(new URL(deps.config.BASE_URL).port);
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  await seed(deps, files, (line) => deps.log.info(line));
  const simulators = await startSimulators(deps, files, ports, deps.config.HOST);
  deps.log.info({ ports }, 'the sample services listen');
  const stop = async () => {
    await simulators.stop();
    await closeDeps(deps);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

const program = process.argv[1];
if (program !== undefined && realpathSync(program) === import.meta.filename) await main();
