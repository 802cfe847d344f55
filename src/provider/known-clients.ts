import type { Client, Provider } from 'oidc-provider';
import type { Clients, RegisteredClient } from './clients.ts';

type Finding = { find(id: string): Promise<Client | undefined> };

/**
 * Keeps the library's own object of a service for as long as its registration is kept (clients.ts). The library would
 * write the registration out and hash it at each request, and begin anew with the hundred and first service.
 */
export function keepClients(provider: Provider, clients: Clients): void {
  const library = provider.Client as unknown as Finding;
  const find = library.find;
  const kept = new WeakMap<RegisteredClient, Client>();
  library.find = async (id) => {
    const registered = typeof id === 'string' ? await clients.find(id) : null;
    if (!registered) return undefined;
    const known = kept.get(registered);
    if (known) return known;
    const client = await find.call(library, id);
    if (client) kept.set(registered, client);
    return client;
  };
}
