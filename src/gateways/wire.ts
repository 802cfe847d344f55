import type { CustomFetch, CustomFetchOptions } from 'openid-client';

/**
 * The requests of one talk with a provider of identities: bounded in time and size, each answer kept, so that what was received
 * can be looked at again with fresh keys although a code can be exchanged only once.
 */

type Kept = { status: number; headers: [string, string][]; text: string };

const LARGEST_BYTES = 256 * 1024;

/** The key set, kept between talks. */
export type KeySet = {
  kept: Kept | null;
  /** Milliseconds since the epoch, by our clock. */
  fetchedAt: number;
};

export type Wire = {
  fetch: CustomFetch;
  /** Why the provider counts as unreachable; null: it answered. */
  away(): string | null;
  /** The media type of what came from this address. */
  typeOf(url: string): string | undefined;
};

const REFETCH_KEYS_MS = 60_000;
const KEYS_KEPT_MS = 10 * 60_000;

/** Whether the key set may be asked for again: at most once a minute (integration.md 1.4, security.md 1.3). */
export function mayRefetchKeys({ kept, fetchedAt }: KeySet, now: number): boolean {
  return kept !== null && now - fetchedAt >= REFETCH_KEYS_MS;
}

/** @param talk `signal` ends all requests of the talk together */
export function openWire(talk: { signal: AbortSignal; jwksUri?: string; keys?: KeySet; now: number }): Wire {
  const answers = new Map<string, Kept>();
  let away: string | null = null;

  const ask = async (url: string, init: CustomFetchOptions): Promise<Kept> => {
    try {
      const signal = init.signal ? AbortSignal.any([init.signal, talk.signal]) : talk.signal;
      const response = await fetch(url, { ...init, redirect: 'manual', signal } as RequestInit);
      const text = await bounded(response);
      if (response.status >= 500 || response.status === 429) away = `http-${response.status}`;
      return { status: response.status, headers: [...response.headers], text };
    } catch (error) {
      away = talk.signal.aborted ? 'timeout' : 'network';
      throw error;
    }
  };

  const askKeys = async (url: string, init: CustomFetchOptions, keys: KeySet): Promise<Kept> => {
    if (keys.kept !== null && talk.now - keys.fetchedAt < KEYS_KEPT_MS) return keys.kept;
    const answer = await ask(url, init);
    if (answer.status === 200) Object.assign(keys, { kept: answer, fetchedAt: talk.now });
    return answer;
  };

  return {
    away: () => away,
    typeOf: (url) => {
      const type = answers.get(url)?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
      return type?.split(';')[0]?.trim();
    },
    fetch: async (url, init) => {
      const isKeys = url === talk.jwksUri && talk.keys !== undefined;
      const answer =
        answers.get(url) ?? (isKeys ? await askKeys(url, init, talk.keys as KeySet) : await ask(url, init));
      if (!isKeys) answers.set(url, answer);
      return toResponse(answer);
    },
  };
}

function toResponse({ status, headers, text }: Kept): Response {
  // Compressed or chunked on the way; the text is neither any more.
  const plain = headers.filter(
    ([name]) => !/^(content-encoding|content-length|transfer-encoding)$/i.test(name),
  );
  return new Response(status === 204 || status === 304 ? null : text, { status, headers: plain });
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > LARGEST_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
