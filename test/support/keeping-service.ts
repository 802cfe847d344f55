import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseBody } from '../../src/http/form.ts';
import { addClient } from '../../src/provider/registration.ts';
import { closeServer } from './app.ts';
import type { TestDeps } from './deps.ts';
import type { Visitor } from './visitor.ts';
import { authorizePath, codeOf, exchange, type TestService, type TestWorld } from './world.ts';

/** A service that keeps people signed in (refresh tokens) and wants to be told of logouts. */
export type KeepingService = TestService & {
  /** `sid` of each logout token that it was sent, in order. */
  told: string[];
};

export async function startKeepingService(
  deps: TestDeps,
  { name = 'Appli des parents' }: { name?: string } = {},
): Promise<KeepingService> {
  const told: string[] = [];
  const server = createServer(async (request, response) => {
    const token = (await parseBody(request)).get('logout_token') ?? '';
    told.push(payloadOf(token).sid);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const added = await addClient(deps, {
    name,
    redirectUris: [`${origin}/callback`],
    backchannelLogoutUri: `${origin}/deconnexion`,
    scope: 'openid profile offline_access',
    schools: ['all'],
  });
  if (!added.ok) throw new Error(added.faults.join('; '));
  return {
    origin,
    clientId: added.clientId,
    clientSecret: added.clientSecret ?? '',
    told,
    close: () => closeServer(server),
  };
}

const payloadOf = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));

const SCOPE = { scope: 'openid profile offline_access' };

/** Whoever is signed in in this browser goes to the service. @returns its refresh token, and the `sid` it knows */
export async function keepSignedIn(
  world: TestWorld,
  visitor: Visitor,
  service: KeepingService,
): Promise<{ refreshToken: string; sid: string }> {
  const code = codeOf(await visitor.get(authorizePath(service, { ...SCOPE, prompt: 'none' })));
  if (code === null) throw new Error('nobody is signed in');
  const tokens = (await (await exchange(world, service, code)).json()) as Record<string, string>;
  return { refreshToken: tokens.refresh_token ?? '', sid: payloadOf(tokens.id_token ?? '').sid };
}

/** Whether the service still gets tokens for it. */
export async function isRefreshed(
  world: TestWorld,
  service: TestService,
  refreshToken: string,
): Promise<boolean> {
  const credentials = Buffer.from(`${service.clientId}:${service.clientSecret}`).toString('base64');
  const answer = await fetch(`${world.app.url}/oidc/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  return answer.status === 200;
}

/** Whether somebody is signed in in this browser, as a service sees it. */
export async function isSignedIn(visitor: Visitor, service: TestService): Promise<boolean> {
  return codeOf(await visitor.get(authorizePath(service, { scope: 'openid', prompt: 'none' }))) !== null;
}
