import type { Deps } from '../deps.ts';
import type { Settings } from './types.ts';

/** What this service offers, as the rules take it. */
export function settingsOf(
  { clock, config, sms, franceConnect }: Pick<Deps, 'clock' | 'config' | 'sms' | 'franceConnect'>,
  schoolId: number,
): Settings {
  return {
    now: clock.now(),
    schoolId,
    config,
    offers: { sms: sms !== null, franceConnect: franceConnect !== null },
  };
}
