import mount from 'koa-mount';
import { type errors, type JWK, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Deps } from '../deps.ts';
import type { Middleware } from '../http/context.ts';
import { createClients } from './clients.ts';
import { createConfiguration } from './configuration.ts';
import { createHost, type Host } from './host.ts';
import { ensureSigningKeys, loadSigningKeys } from './keys.ts';
import { MOUNT, providerMiddleware } from './middleware.ts';
import { tellAfterCommit } from './notices.ts';
import { createPages } from './pages.ts';
import { purgeExpired } from './purge-store.ts';

/** The OpenID Provider as the application sees it. */
export type RunningProvider = {
  /** Answers below `/oidc`, passes on what is not its own. */
  app: Middleware;
  /** The narrow side of it that the mire is given. */
  host: Host;
  /** Reads the signing keys again; happens by itself every 30 s while requests come. */
  reloadKeys(): Promise<void>;
};

const KEYS_LOOKED_AT_MS = 30_000;
const PURGED_MS = 5 * 60_000;

/** Starts the provider; makes the signing keys at the very first start. @throws when the database is away */
export async function createProvider(deps: Deps): Promise<RunningProvider> {
  const clients = createClients(deps);
  const pages = createPages(deps);
  await ensureSigningKeys(deps);

  const build = (keys: JWK[]) => {
    const provider = new Provider(deps.config.issuer, createConfiguration(deps, { clients, keys, pages }));
    // What X-Forwarded-* say is written by http/forwarded.ts, from configuration and trusted proxies only.
    provider.proxy = true;
    tellAfterCommit(provider);
    logFailures(deps, provider);
    return { provider, handler: mount(MOUNT, provider) as unknown as Middleware, fingerprint: kids(keys) };
  };
  let running = build(await loadSigningKeys(deps));
  let lookedAt = deps.clock.now().getTime();
  let purgedAt = lookedAt;

  const reloadKeys = async () => {
    const keys = await loadSigningKeys(deps);
    // The library fixes its keys when it is built, which takes milliseconds; requests under way end on the old one.
    if (kids(keys) !== running.fingerprint) running = build(keys);
  };
  const lookAtKeys = () => {
    const now = deps.clock.now().getTime();
    if (now - lookedAt < KEYS_LOOKED_AT_MS) return;
    lookedAt = now;
    // Not awaited: a new key is published an hour before it signs, and a database that is away stops no key set.
    reloadKeys().catch((err: unknown) => deps.log.warn({ err }, 'signing keys could not be read again'));
  };
  // By whichever process is asked something; a job may call it as well.
  const purge = () => {
    const now = deps.clock.now();
    if (now.getTime() - purgedAt < PURGED_MS) return;
    purgedAt = now.getTime();
    purgeExpired(deps.jobsDb, now).catch((err: unknown) => deps.log.warn({ err }, 'expired rows are kept'));
  };
  const answer = providerMiddleware({ deps, pages, handler: () => running.handler });
  return {
    app: (ctx, next) => {
      lookAtKeys();
      purge();
      return answer(ctx, next);
    },
    host: createHost(deps, { clients, provider: () => running.provider }),
    reloadKeys,
  };
}

function kids(keys: readonly JWK[]): string {
  return keys.map((key) => key.kid).join(' ');
}

/** The reasons stay with us: what a service or a visitor is told names no cause. */
function logFailures({ log }: Pick<Deps, 'log'>, provider: Provider): void {
  provider.on('server_error', (_ctx, err) => log.error({ err }, 'the provider failed'));
  const refused = (event: string) => (ctx: KoaContextWithOIDC, err: errors.OIDCProviderError) => {
    const { message: error, error_description: description, error_detail: detail } = err;
    log.info({ event, clientId: ctx.oidc?.client?.clientId, error, description, detail }, 'refused');
  };
  provider.on('authorization.error', refused('authorization'));
  provider.on('grant.error', refused('token'));
  provider.on('end_session.error', refused('logout'));
}
