import { mayBeSent } from '../messages/sms.ts';
import type { MobileKind, Settings } from './types.ts';

/** Countries and territories whose numbers are French. */
const FRENCH = ['+33', '+262', '+508', '+590', '+594', '+596', '+681', '+687', '+689'];

/**
 * What the number of a record is worth.
 * @param number `mobile`: as the import read it (E.164), null: it is none; `mobileRaw`: as the base has it
 */
export function mobileKind(
  config: Settings['config'],
  { mobile, mobileRaw }: { mobile: string | null; mobileRaw: string | null },
): MobileKind {
  if (mobile !== null && mayBeSent(config, mobile)) return 'usable';
  if (mobile !== null) return FRENCH.some((prefix) => mobile.startsWith(prefix)) ? 'not-served' : 'foreign';
  const raw = (mobileRaw ?? '').trim();
  if (raw === '') return 'missing';
  const digits = raw.replace(/[^\d+]/g, '').replace(/^00/, '+');
  const abroad = /^\+[1-9]/.test(digits) && !FRENCH.some((prefix) => digits.startsWith(prefix));
  return abroad ? 'foreign' : 'not-a-mobile';
}
