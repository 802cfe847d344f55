import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFranceConnectSimulator, type FranceConnectSimulator } from '../../src/demo/franceconnect.ts';
import type { FranceConnectPerson } from '../../src/demo/franceconnect-people.ts';
import { subjectOf } from '../../src/demo/franceconnect-rules.ts';
import type { Deps, FranceConnect } from '../../src/deps.ts';
import { createFranceConnect } from '../../src/gateways/franceconnect.ts';
import { closeServer } from './app.ts';
import type { TestDatabase } from './database.ts';
import { testConfig } from './deps.ts';
import { startWorld, type TestWorld } from './world.ts';

const CLIENT_ID = 'educonnect-test';
const CLIENT_SECRET = 'secret-of-the-test-suite-0001';

export type FranceConnectWorld = TestWorld & {
  franceConnect: FranceConnectSimulator;
  /** As after a restart: the next visitor finds out whether FranceConnect is there. */
  forgetDiscovery(): void;
  /** Links an account to somebody there, as a first connection does. */
  link(account: { id: number }, login: string): Promise<void>;
};

/** EduConnect, two services, and the simulator of FranceConnect with these people. */
export async function startFranceConnectWorld(
  database: Pick<TestDatabase, 'db' | 'url'>,
  people: readonly FranceConnectPerson[],
  parts: Partial<Deps> = {},
): Promise<FranceConnectWorld> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const env = {
    FRANCECONNECT_ISSUER: `${origin}/api/v2`,
    FRANCECONNECT_CLIENT_ID: CLIENT_ID,
    FRANCECONNECT_CLIENT_SECRET: CLIENT_SECRET,
  };
  let ahead = 0;
  const clock = { now: () => new Date(Date.now() + ahead) };
  // Its tokens are dated by the real time, which it does not know to have moved.
  const realTime = { now: () => new Date() };
  const create = () => createFranceConnect({ config: testConfig(database.url, env), clock: realTime });
  let gateway = create() as FranceConnect;
  const franceConnect: FranceConnect = {
    begin: (request) => gateway.begin(request),
    finish: (answer) => gateway.finish(answer),
    endSessionUrl: (logout) => gateway.endSessionUrl(logout),
  };
  const world = await startWorld(database, { env, parts: { ...parts, clock, franceConnect } });
  const simulator = createFranceConnectSimulator({
    origin,
    people,
    clients: [
      {
        clientId: CLIENT_ID,
        clientSecret: CLIENT_SECRET,
        name: 'ÉduConnect',
        redirectUris: [`${world.base}/franceconnect/retour`],
        postLogoutRedirectUris: [`${world.base}/franceconnect/deconnexion`],
      },
    ],
  });
  server.on('request', simulator.app.callback());
  return {
    ...world,
    franceConnect: simulator,
    forgetDiscovery: () => {
      gateway = create() as FranceConnect;
    },
    advance: (ms) => {
      ahead += ms;
    },
    async link({ id }, login) {
      await world.deps.db('account_franceconnect').insert({
        account_id: id,
        issuer: simulator.issuer,
        sub: subjectOf(CLIENT_ID, login),
        linked_at: clock.now(),
      });
    },
    close: async () => {
      await Promise.all([world.close(), closeServer(server)]);
    },
  };
}
