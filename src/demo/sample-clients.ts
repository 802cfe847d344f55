import { readFile, writeFile } from 'node:fs/promises';
import type { Deps } from '../deps.ts';
import { clientCommand } from '../provider/cli.ts';
import type { Files, Ports } from './places.ts';
import type { ServiceSettings } from './relying-types.ts';

/** The sample services as they are registered with EduConnect, and what they are told of it. */

type Known = { origin: string; client_id: string; client_secret: string };
type Kind = ServiceSettings['kind'];

const SERVICES: Record<
  Kind,
  { name: string; scope: string; cookieName: string; sentence: string; theme: ServiceSettings['theme'] }
> = {
  ent: {
    name: 'Espace numérique de travail (exemple)',
    scope: 'openid profile educonnect educonnect_ref educonnect_eleves',
    cookieName: 'ent_session',
    sentence: "Je suis connecté à l'ENT",
    theme: {
      name: 'Mon ENT',
      tagline: "L'espace numérique de travail d'exemple",
      accent: '#0b5f56',
      tint: '#d7efe9',
    },
  },
  lsu: {
    name: 'Livret scolaire unique (exemple)',
    scope: 'openid profile educonnect educonnect_eleves educonnect_ine',
    cookieName: 'lsu_session',
    sentence: 'Je suis connecté au livret scolaire',
    theme: {
      name: 'Livret scolaire',
      tagline: 'Le livret scolaire unique, en exemple',
      accent: '#8a3416',
      tint: '#fbe6d8',
    },
  },
};

/** Registers what is not registered yet, active in every school, and keeps the secrets in `.demo/clients.json`. */
export async function sampleServices(
  deps: Deps,
  files: Pick<Files, 'clients'>,
  ports: Ports,
): Promise<ServiceSettings[]> {
  const known: Partial<Record<Kind, Known>> = JSON.parse(
    await readFile(files.clients, 'utf8').catch(() => '{}'),
  );
  const registered: { client_id: string }[] = JSON.parse(await command(deps, ['list', '--json']));
  const services: ServiceSettings[] = [];
  for (const kind of ['ent', 'lsu'] as const) {
    const { name, scope, cookieName, theme, sentence } = SERVICES[kind];
    const origin = `http://localhost:${ports[kind]}`;
    const found = known[kind];
    const isThere =
      found?.origin === origin && registered.some(({ client_id }) => client_id === found.client_id);
    const client = isThere ? found : { origin, ...(await register(deps, { name, origin, scope })) };
    known[kind] = client;
    const { client_id: clientId, client_secret: clientSecret } = client;
    const { issuer } = deps.config;
    services.push({
      kind,
      theme,
      cookieName,
      origin,
      issuer,
      clientId,
      clientSecret,
      scope,
      connectedSentence: sentence,
    });
  }
  await writeFile(files.clients, `${JSON.stringify(known, null, 2)}\n`, { mode: 0o600 });
  return services;
}

async function register(
  deps: Deps,
  { name, origin, scope }: { name: string; origin: string; scope: string },
) {
  const answer = await command(deps, [
    'add',
    ...['--name', name],
    ...['--redirect-uri', `${origin}/callback`],
    ...['--post-logout-redirect-uri', `${origin}/deconnecte`],
    ...['--backchannel-logout-uri', `${origin}/deconnexion/canal`],
    ...['--initiate-login-uri', `${origin}/connexion`],
    ...['--scope', scope],
    ...['--school', 'all'],
    '--json',
  ]);
  return JSON.parse(answer) as { client_id: string; client_secret: string };
}

/** The command that anybody registers a service with, run in this process. */
async function command(deps: Deps, argv: string[]): Promise<string> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await clientCommand(deps, argv, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  if (code !== 0) throw new Error(`client ${argv[0]}: ${err.join(' ')}`);
  return out.join('\n');
}
