import type { Deps } from '../deps.ts';
import { mobileReadings } from '../directory/phone.ts';
import { mayBeSent } from '../messages/sms.ts';

/**
 * Every mobile that somebody may mean by what he typed, the likeliest first, of those to which SMS may leave: whether
 * a code can be sent must not depend on who has which of them (E03). None of them: the likeliest is refused by
 * whoever sends. Empty: it is no mobile.
 */
export function readingsOf({ config }: Pick<Deps, 'config'>, typed: string): string[] {
  const readings = mobileReadings(typed, config.PHONE_EXTRA_MOBILE_PREFIXES);
  const open = readings.filter((mobile) => mayBeSent(config, mobile));
  return open.length > 0 ? open : readings;
}
