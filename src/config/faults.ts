import type { z } from 'zod';
import type { Values } from './schema.ts';

/** What is wrong with the environment, in words for whoever operates the server; never a value. */

/** Words that mark a secret as one of the samples of the documentation or of the demo. */
const SAMPLE_SECRET = /(change[-_ ]?me|demo|sample|secret-de|example|password|motdepasse)/i;
const LOOPBACK = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/** In words for an operator; our own messages are such already. */
export function faultOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing';
  if (issue.code === 'invalid_type') return 'must be a whole number';
  if (issue.code === 'too_small')
    return issue.origin === 'string'
      ? `must have ${issue.minimum} characters or more`
      : `must be ${issue.minimum} or more`;
  if (issue.code === 'too_big') return `must be ${issue.maximum} or less`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return issue.message === 'Invalid URL' ? 'must be an http or https address' : issue.message;
}

/** What two variables say together; one that could not be read is passed over. */
export function crossChecks(values: Partial<Values>): string[] {
  const faults: string[] = [];
  const production = values.NODE_ENV === 'production';
  const loopback = LOOPBACK.test(values.BASE_URL ?? '');
  if (values.BASE_URL !== undefined) faults.push(...issuerFaults(values, values.BASE_URL, loopback));
  if (production && !(values.ALLOW_INSECURE_ISSUER && loopback)) {
    for (const name of ['COOKIE_KEYS', 'SEALING_KEYS', 'SUBJECT_SALT'] as const) {
      if ([values[name] ?? ''].flat().some((value) => SAMPLE_SECRET.test(value)))
        faults.push(`${name}: is a default of the documentation or the demo`);
    }
  }
  const {
    PASSWORD_MAX_LENGTH = 0,
    PASSWORD_MIN_LENGTH = 0,
    SESSION_IDLE_MINUTES = 0,
    SESSION_MAX_HOURS = 72,
  } = values;
  if (PASSWORD_MAX_LENGTH < PASSWORD_MIN_LENGTH)
    faults.push('PASSWORD_MAX_LENGTH: must not be smaller than PASSWORD_MIN_LENGTH');
  if (SESSION_IDLE_MINUTES > SESSION_MAX_HOURS * 60)
    faults.push('SESSION_IDLE_MINUTES: must not be longer than SESSION_MAX_HOURS');
  faults.push(...smsFaults(values));
  if (values.METRICS_PORT !== undefined && values.METRICS_PORT !== 0 && values.METRICS_PORT === values.PORT)
    faults.push('METRICS_PORT: must not be PORT');
  faults.push(...partyFaults(values, 'FRANCECONNECT'), ...partyFaults(values, 'ACADEMIC_PORTAL'));
  return faults;
}

/** A provider of identities that we go to: all of its variables or none. */
function partyFaults(values: Partial<Values>, party: 'FRANCECONNECT' | 'ACADEMIC_PORTAL'): string[] {
  const names = [`${party}_ISSUER`, `${party}_CLIENT_ID`, `${party}_CLIENT_SECRET`] as const;
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length === names.length) return [];
  const faults = missing.map((name) => `${name}: is missing; all three variables of ${party} are needed`);
  const issuer = values[`${party}_ISSUER`];
  if (issuer === undefined) return faults;
  const { protocol, origin, pathname } = new URL(issuer);
  if (protocol !== 'https:' && !(values.ALLOW_INSECURE_ISSUER && LOOPBACK.test(origin)))
    faults.push(`${party}_ISSUER: must be https`);
  // Given the document's address, the library would not compare the issuer in it.
  if (pathname.includes('/.well-known/'))
    faults.push(`${party}_ISSUER: must be the issuer, not the address of its document`);
  if (party === 'FRANCECONNECT' && pathname !== '/' && pathname.endsWith('/'))
    faults.push(`${party}_ISSUER: must not end with a slash`);
  return faults;
}

/** The longest host with which the SMS of a code is one segment (views/messages/code.sms.njk). */
const LONGEST_HOST = 63;

function smsFaults(values: Partial<Values>): string[] {
  const faults: string[] = [];
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, BASE_URL } = values;
  if (TWILIO_AUTH_TOKEN !== undefined && TWILIO_ACCOUNT_SID === undefined)
    faults.push('TWILIO_ACCOUNT_SID: is missing beside TWILIO_AUTH_TOKEN');
  if (TWILIO_ACCOUNT_SID === undefined) return faults;
  if (TWILIO_AUTH_TOKEN === undefined) faults.push('TWILIO_AUTH_TOKEN: is missing beside TWILIO_ACCOUNT_SID');
  if (BASE_URL !== undefined && new URL(BASE_URL).hostname.length > LONGEST_HOST)
    faults.push(`BASE_URL: its host must have ${LONGEST_HOST} characters or less, to fit into an SMS`);
  return faults;
}

function issuerFaults(values: Partial<Values>, baseUrl: string, loopback: boolean): string[] {
  const faults: string[] = [];
  if (values.ALLOW_INSECURE_ISSUER && !loopback)
    faults.push('ALLOW_INSECURE_ISSUER: is accepted with a loopback BASE_URL only');
  else if (baseUrl.startsWith('http:') && !values.ALLOW_INSECURE_ISSUER)
    faults.push('BASE_URL: must be https');
  if (values.HTTP_LOOPBACK_CLIENTS && !loopback)
    faults.push('HTTP_LOOPBACK_CLIENTS: is accepted with a loopback BASE_URL only');
  if (new URL(baseUrl).pathname !== '/') faults.push('BASE_URL: must have no path');
  return faults;
}
