import type { Database } from '../deps.ts';
import { type Channel, countOutbox } from './outbox-store.ts';

/** How many messages wait, are under way or may have left, by channel and state; nought is told too. */
export async function outboxDepth(deps: {
  db: Database;
}): Promise<{ channel: Channel; state: string; count: number; oldest: Date | null }[]> {
  const found = await countOutbox(deps.db);
  return (['email', 'sms'] as const).flatMap((channel) =>
    ['waiting', 'sending', 'unsure'].map((state) => {
      const row = found.find((one) => one.channel === channel && one.state === state);
      return { channel, state, count: row?.count ?? 0, oldest: row?.oldest ?? null };
    }),
  );
}
