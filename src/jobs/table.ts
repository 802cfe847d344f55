import { sealAudit } from '../audit/seal.ts';
import type { Deps } from '../deps.ts';
import { computeAll } from '../statistics/compute.ts';
import { forceChanges } from './force-changes.ts';
import { importFeed } from './import-feed.ts';
import { purge } from './purge.ts';
import { retain } from './retention.ts';
import { dailyAt } from './schedule.ts';
import { CHANNELS, forgetMessages, makeAllLetters, sendMessages } from './send-messages.ts';
import type { Job, ProviderChores } from './types.ts';

/** What runs by the clock, or by `educonnect job run <name>`. */
export function jobTable(deps: Deps, provider: ProviderChores): Job[] {
  const { IMPORT_FOLDER, IMPORT_AT } = deps.config;
  return [
    {
      name: 'import',
      schedule: IMPORT_FOLDER === undefined ? null : dailyAt(IMPORT_AT),
      alone: true,
      run: (turn) => importFeed(deps, turn),
    },
    {
      // What the night changed is in them: where there is an import, they wait for its end.
      name: 'statistics',
      schedule: dailyAt(IMPORT_AT),
      ...(IMPORT_FOLDER === undefined ? {} : { after: 'import' }),
      alone: true,
      run: async ({ signal }) => ({ outcome: 'done', details: await computeAll(deps, { signal }) }),
    },
    {
      name: 'purge',
      schedule: '*/10 * * * *',
      alone: true,
      run: (turn) => purge(deps, provider.protocolRows, turn),
    },
    {
      // Whom the night brought back must not be forgotten that night.
      name: 'retention',
      schedule: dailyAt(IMPORT_AT),
      ...(IMPORT_FOLDER === undefined ? {} : { after: 'import' }),
      alone: true,
      run: (turn) => retain(deps, turn),
    },
    {
      name: 'rotate-keys',
      schedule: '0 5 * * *',
      alone: true,
      run: async () => ({ outcome: 'done', details: { published: await provider.rotateWhenDue(deps) } }),
    },
    {
      // Servers do this all the time (keepSending): each message has a claim of its own.
      name: 'send-messages',
      schedule: null,
      alone: false,
      run: async ({ signal }) => {
        const details: Record<string, number> = {};
        for (const channel of CHANNELS) {
          for (const [what, count] of Object.entries(await sendMessages(deps, channel, signal)))
            details[what] = (details[what] ?? 0) + count;
        }
        await forgetMessages(deps, signal);
        return { outcome: 'done', details };
      },
    },
    {
      // As above (keepSealing).
      name: 'seal-audit',
      schedule: null,
      alone: false,
      run: async ({ signal }) => ({ outcome: 'done', details: { lines: await sealAudit(deps, signal) } }),
    },
    {
      // As above (keepForcing).
      name: 'force-changes',
      schedule: null,
      alone: false,
      run: async ({ signal }) => ({ outcome: 'done', details: await forceChanges(deps, signal) }),
    },
    {
      // As above (keepPrinting).
      name: 'make-letters',
      schedule: null,
      alone: false,
      run: async ({ signal }) => ({
        outcome: 'done',
        details: { distributions: await makeAllLetters(deps, signal) },
      }),
    },
  ];
}
