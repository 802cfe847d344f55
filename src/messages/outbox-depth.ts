import type { Database } from '../deps.ts';
import { type Channel, countOutbox } from './outbox-store.ts';

/** How many messages wait, are under way or may have left, by channel and state; nought is told too. */
export async function outboxDepth(deps: {
  db: Database;
}): Promise<{ channel: Channel; state: string; count: number }[]> {
  const found = await countOutbox(deps.db);
  return (['email', 'sms'] as const).flatMap((channel) =>
    ['waiting', 'sending', 'unsure'].map((state) => ({
      channel,
      state,
      count: found.find((row) => row.channel === channel && row.state === state)?.count ?? 0,
    })),
  );
}
