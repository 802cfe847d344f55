import { budgetUsed } from '../codes/budget.ts';
import type { Deps } from '../deps.ts';
import type { Metrics } from '../http/metrics.ts';
import { outboxDepth } from '../messages/outbox-depth.ts';

/** What the database knows of messages and of the SMS budget, for `/metrics`; nothing personal. */
export function measureMessages(metrics: Metrics, deps: Deps): void {
  metrics.addReading(
    {
      name: 'educonnect_outbox_messages',
      help: 'Messages that wait, are under way, or may have left, by channel',
      labelNames: ['channel', 'state'],
    },
    async () =>
      (await outboxDepth(deps)).map(({ channel, state, count }) => ({
        labels: { channel, state },
        value: count,
      })),
  );
  metrics.addReading(
    {
      name: 'educonnect_outbox_oldest_seconds',
      help: 'Age of the oldest message that waits or is under way, by channel; 0: none',
      labelNames: ['channel'],
    },
    async () => {
      const rows = (await outboxDepth(deps)).filter(({ state }) => state !== 'unsure');
      return (['email', 'sms'] as const).map((channel) => ({
        labels: { channel },
        value: Math.max(
          0,
          ...rows.flatMap((row) =>
            row.channel === channel && row.oldest !== null
              ? (deps.clock.now().getTime() - row.oldest.getTime()) / 1000
              : [],
          ),
        ),
      }));
    },
  );
  metrics.addReading(
    { name: 'educonnect_sms_budget_used', help: 'Codes sent today', labelNames: [] },
    async () => [{ labels: {}, value: await budgetUsed(deps) }],
  );
  metrics.addReading(
    { name: 'educonnect_sms_budget', help: 'Codes that may be sent a day', labelNames: [] },
    async () => [{ labels: {}, value: deps.config.SMS_DAILY_BUDGET }],
  );
}
