import type { Client } from 'oidc-provider';
import type { Deps } from '../deps.ts';

/** The part of the library's client that its types leave out: the keys of `jwks_uri`, which it reads. */
type KeySet = { fresh(): boolean; refresh(): Promise<void>; clear(): void };
type WithKeys = Client & { asymmetricKeyStore: KeySet };

/** An assertion that no known key has signed has the key set read again, but not more often than that. */
const ASKED_EVERY_MS = 10_000;
/** A key that a service has withdrawn is good no longer than that. */
const READ_AGAIN_MS = 5 * 60_000;
/** A service whose key set cannot be read signs in with the keys of before for so long. */
const KEPT_MS = 24 * 3600_000;

/**
 * Looks after the key sets of services that sign their assertions (`private_key_jwt`). The library reads one when an
 * assertion fails and the answer's Cache-Control is over: a service that allows a day, and changes its key, would be
 * refused for a day, and a key that it withdraws would never be.
 * @returns to be called now and then with a service; reads its key set again in the background when it is old
 */
export function createKeySets({ clock, log }: Pick<Deps, 'clock' | 'log'>): (client: Client) => void {
  const states = new WeakMap<Client, { askedAt: number; readAt: number }>();
  const now = () => clock.now().getTime();

  const begin = ({ asymmetricKeyStore: keys }: WithKeys) => {
    const state = { askedAt: Number.NEGATIVE_INFINITY, readAt: now() };
    const read = keys.refresh.bind(keys);
    let reading: Promise<void> | undefined;
    // Whoever comes while it is read waits for it.
    keys.fresh = () => reading === undefined && now() - state.askedAt < ASKED_EVERY_MS;
    const readAnew = async () => {
      const answer = read();
      state.askedAt = now();
      await answer;
      state.readAt = now();
    };
    keys.refresh = async () => {
      if (keys.fresh()) return;
      reading ??= readAnew().finally(() => {
        reading = undefined;
      });
      await reading;
    };
    return state;
  };

  return (client) => {
    if (client.jwksUri === undefined) return;
    const { asymmetricKeyStore: keys } = client as WithKeys;
    const state = states.get(client);
    if (!state) {
      states.set(client, begin(client as WithKeys));
      return;
    }
    const age = now() - state.readAt;
    if (state.askedAt < 0 || age < READ_AGAIN_MS) return;
    if (age >= KEPT_MS) keys.clear();
    keys.refresh().catch((err: unknown) => {
      log.warn({ err, clientId: client.clientId }, 'the key set of a service could not be read');
    });
  };
}
