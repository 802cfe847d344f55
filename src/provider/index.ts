import mount from 'koa-mount';
import { type errors, type JWK, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Deps } from '../deps.ts';
import type { Middleware } from '../http/context.ts';
import { addressMistake, loggedMistake } from './address-mistake.ts';
import { createClients } from './clients.ts';
import { createConfiguration } from './configuration.ts';
import { guardedFetch } from './fetch-guard.ts';
import { createHost, type Host } from './host.ts';
import { ensureSigningKeys, loadSigningKeys } from './keys.ts';
import { keepClients } from './known-clients.ts';
import { MOUNT, providerMiddleware } from './middleware.ts';
import { createNotices, tellAfterCommit } from './notices.ts';
import { createPages } from './pages.ts';

/** The OpenID Provider as the application sees it. */
export type RunningProvider = {
  /** Answers below `/oidc`, passes on what is not its own. */
  app: Middleware;
  /** The narrow side of it that the mire is given. */
  host: Host;
  /** Reads the signing keys again; happens by itself every 30 s, whether requests come or not. */
  reloadKeys(): Promise<void>;
  /** Tells services of logouts that they could not be told of at once; for a loop. @returns how many were told */
  tellServices(signal?: AbortSignal): Promise<number>;
  /** Looks at the keys no more, waits for no service. */
  close(): void;
};

const KEYS_LOOKED_AT_MS = 30_000;

/**
 * Starts the provider; makes the signing keys at the very first start. The caller closes it.
 * @throws when the database is away
 */
export async function createProvider(
  deps: Deps,
  { keysEveryMs = KEYS_LOOKED_AT_MS }: { keysEveryMs?: number } = {},
): Promise<RunningProvider> {
  const clients = createClients(deps);
  const pages = createPages(deps);
  const closing = new AbortController();
  const fetch = guardedFetch(deps.config, closing.signal);
  await ensureSigningKeys(deps);

  const build = (keys: JWK[]) => {
    const provider = new Provider(
      deps.config.issuer,
      createConfiguration(deps, { clients, keys, pages, fetch }),
    );
    // What X-Forwarded-* say is written by http/forwarded.ts, from configuration and trusted proxies only.
    provider.proxy = true;
    tellAfterCommit(provider);
    keepClients(deps, provider, clients);
    logFailures(deps, provider);
    return { provider, handler: mount(MOUNT, provider) as unknown as Middleware, fingerprint: kids(keys) };
  };
  let running = build(await loadSigningKeys(deps));

  const reloadKeys = async () => {
    const keys = await loadSigningKeys(deps);
    // The library fixes its keys when it is built, which takes milliseconds; requests under way end on the old one.
    if (kids(keys) !== running.fingerprint) running = build(keys);
  };
  // A new key is published an hour before it signs, and a database that is away stops no key set.
  const timer = setInterval(() => {
    reloadKeys().catch((err: unknown) => deps.log.warn({ err }, 'signing keys could not be read again'));
  }, keysEveryMs).unref();
  const notices = createNotices(deps, (id) => running.provider.Client.find(id), closing.signal);
  return {
    app: providerMiddleware({ deps, pages, notices, handler: () => running.handler }),
    host: createHost(deps, { clients, provider: () => running.provider, notices }),
    reloadKeys,
    tellServices: (signal) => notices.sendDue(signal),
    close() {
      clearInterval(timer);
      closing.abort();
    },
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
    const mistake = addressMistake(ctx);
    const address = mistake === null ? {} : { address: loggedMistake(mistake) };
    // The reference that the page shows finds this line.
    const { requestId } = ctx.state as { requestId?: string };
    const clientId = ctx.oidc?.client?.clientId;
    log.info({ event, requestId, clientId, error, description, detail, ...address }, 'refused');
  };
  provider.on('authorization.error', refused('authorization'));
  provider.on('grant.error', refused('token'));
  provider.on('end_session.error', refused('logout'));
  provider.on('pushed_authorization_request.error', refused('pushed request'));
}
