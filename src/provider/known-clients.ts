import { createHash, timingSafeEqual } from 'node:crypto';
import type { Client, Provider } from 'oidc-provider';
import type { Deps } from '../deps.ts';
import type { Clients, RegisteredClient } from './clients.ts';
import { createKeySets } from './key-sets.ts';

type Finding = { find(id: string): Promise<Client | undefined> };
/** The part of the library's client that its types leave out. */
type WithSecret = Client & { compareClientSecret(given: string): boolean | Promise<boolean> };

/**
 * Keeps the library's own object of a service for as long as its registration is kept (clients.ts). The library would
 * write the registration out and hash it at each request, and begin anew with the hundred and first service.
 *
 * It knows one secret of a service. The one before it is good until its day (registration.ts), so that a service takes
 * the new one when it suits it.
 */
export function keepClients(deps: Pick<Deps, 'clock' | 'log'>, provider: Provider, clients: Clients): void {
  const lookAfterKeys = createKeySets(deps);
  const library = provider.Client as unknown as Finding;
  const find = library.find;
  const kept = new WeakMap<RegisteredClient, Client>();
  const registrations = new WeakMap<Client, RegisteredClient>();
  library.find = async (id) => {
    const registered = typeof id === 'string' ? await clients.find(id) : null;
    if (!registered) return undefined;
    const known = kept.get(registered);
    if (known) return known;
    const client = await find.call(library, id);
    if (client) {
      kept.set(registered, client);
      registrations.set(client, registered);
      lookAfterKeys(client);
    }
    return client;
  };
  const prototype = provider.Client.prototype as WithSecret;
  const compare = prototype.compareClientSecret;
  prototype.compareClientSecret = async function either(this: WithSecret, given) {
    const old = registrations.get(this)?.oldSecret;
    const isOld = old !== undefined && old.until > deps.clock.now() && isSame(old.secret, given);
    return (await compare.call(this, given)) || isOld;
  };
}

/** Takes the same time wherever they differ. */
function isSame(secret: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(secret), digest(given));
}
