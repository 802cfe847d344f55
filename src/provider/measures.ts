import type { Deps } from '../deps.ts';
import type { Metrics } from '../http/metrics.ts';
import { countNotices } from './notice-store.ts';

/** Logouts that services have still to be told of, by service (client_id), for `/metrics`; nobody is named. */
export function measureNotices(metrics: Metrics, { jobsDb, clock }: Pick<Deps, 'jobsDb' | 'clock'>): void {
  metrics.addReading(
    {
      name: 'educonnect_logout_notices',
      help: 'Logouts that a service has still to be told of, by service',
      labelNames: ['service'],
    },
    async () =>
      (await countNotices(jobsDb)).map(({ clientId, count }) => ({
        labels: { service: clientId },
        value: count,
      })),
  );
  metrics.addReading(
    {
      name: 'educonnect_logout_notices_oldest_seconds',
      help: 'Age of the oldest logout that a service has still to be told of, by service',
      labelNames: ['service'],
    },
    async () =>
      (await countNotices(jobsDb)).map(({ clientId, oldest }) => ({
        labels: { service: clientId },
        value: (clock.now().getTime() - oldest.getTime()) / 1000,
      })),
  );
}
