import { PROTOCOL_ROWS } from './expiry.ts';
import { rotateWhenDue } from './keys.ts';

/** What runs by the clock for the provider; the programs hand it to the jobs. */
export const providerChores = { protocolRows: PROTOCOL_ROWS, rotateWhenDue };
