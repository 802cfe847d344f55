import type { Twilio } from 'twilio';
import type { RequestOptions } from 'twilio/lib/base/RequestClient.js';
import type { Deps, SmsGateway, SmsResult } from '../deps.ts';

/** Where Twilio reports deliveries; below BASE_URL. */
const REPORTS_PATH = '/sms/etat';

/** An answer within this or none. */
const TIMEOUT_MS = 5_000;
/** The longest that every carrier accepts. */
const LONGEST_VALIDITY_S = 14_400;

type Settings = Pick<
  Deps['config'],
  | 'BASE_URL'
  | 'TWILIO_ACCOUNT_SID'
  | 'TWILIO_AUTH_TOKEN'
  | 'TWILIO_SENDER'
  | 'TWILIO_BASE_URL'
  | 'TWILIO_REGION'
  | 'TWILIO_EDGE'
>;

/**
 * SMS by Twilio's REST interface; null when no account is configured. The package is loaded with the first SMS: it
 * costs a fifth of a second and 60 MB.
 */
export function createTwilioGateway(
  config: Settings,
  { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {},
): SmsGateway | null {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: token } = config;
  if (accountSid === undefined || token === undefined) return null;
  let client: Promise<Twilio> | undefined;
  const connected = () => {
    client ??= connect(config, accountSid, token, timeoutMs);
    return client;
  };
  return {
    async send({ to, text, validitySeconds, reference }) {
      const twilio = await connected();
      const sending = twilio.messages.create({
        to,
        body: text,
        ...senderOf(config.TWILIO_SENDER),
        validityPeriod: Math.max(1, Math.min(validitySeconds, LONGEST_VALIDITY_S)),
        statusCallback: `${config.BASE_URL}${REPORTS_PATH}?m=${encodeURIComponent(reference)}`,
      });
      return withinTime<SmsResult>(sending.then(taken, classify), timeoutMs * 2, {
        ok: false,
        outcome: 'unsure',
        code: 'timeout',
      });
    },
    async isGenuine({ signature, url, params }) {
      const { default: twilio } = await import('twilio');
      // An address that cannot be read was signed by nobody.
      return URL.canParse(url) && twilio.validateRequest(token, signature, url, params);
    },
    async forget(sid) {
      const twilio = await connected();
      const redacting = twilio.messages(sid).update({ body: '' });
      const gone = redacting.then(() => true).catch((error: RestError) => error.status === 404);
      return withinTime(gone, timeoutMs * 2, false);
    },
  };
}

async function connect(
  config: Settings,
  accountSid: string,
  token: string,
  timeout: number,
): Promise<Twilio> {
  const { default: twilio } = await import('twilio');
  const { TWILIO_BASE_URL: base, TWILIO_REGION: region, TWILIO_EDGE: edge } = config;
  /** The same requests to another server for the demo and for tests; « too many » with the time that it asks for. */
  class Client extends twilio.RequestClient {
    override async request<T>(options: RequestOptions<T>) {
      const { pathname, search } = new URL(options.uri);
      const uri = base === undefined ? options.uri : `${base.replace(/\/$/, '')}${pathname}${search}`;
      const response = await super.request<T>({ ...options, uri });
      if (response.statusCode === 429) throw tooMany(response);
      return response;
    }
  }
  // No connection is kept: one that the other side has closed meanwhile fails as if the message might have left.
  const httpClient = new Client({ timeout, autoRetry: false, keepAlive: false });
  return twilio(accountSid, token, {
    httpClient,
    autoRetry: false,
    ...(region === undefined ? {} : { region }),
    ...(edge === undefined ? {} : { edge }),
  });
}

function tooMany({ body, headers }: { body: unknown; headers?: unknown }): RestError {
  const asked = Number((headers as Record<string, string> | undefined)?.['retry-after']);
  const code = (body as { code?: number } | null)?.code ?? 429;
  const known = Number.isFinite(asked) ? { retryAfterSeconds: asked } : {};
  return Object.assign(new Error('too many requests'), { status: 429, code, ...known });
}

/** A messaging service, or a name or number. */
const senderOf = (sender: string) =>
  /^MG[0-9a-f]{32}$/i.test(sender) ? { messagingServiceSid: sender } : { from: sender };

const taken = ({ sid }: { sid?: unknown }): SmsResult =>
  typeof sid === 'string' && sid !== ''
    ? { ok: true, sid }
    : { ok: false, outcome: 'unsure', code: 'no-sid' };

type RestError = Error & { status?: number; code?: number | string; retryAfterSeconds?: number };

/** This number cannot be reached by SMS (https://www.twilio.com/docs/api/errors); all else is our account or settings. */
const OF_THE_NUMBER = [21211, 21214, 21217, 21408, 21610, 21612, 21614, 21635, 30003, 30004, 30005, 30006];
/** The connection was not made: nothing has left. */
const NOT_CONNECTED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

/**
 * What an error means for the message (integration.md 5.4, J04): answers of Twilio say so themselves; without an
 * answer it depends on whether the request may have left.
 */
function classify({ status, code, retryAfterSeconds }: RestError): SmsResult {
  if (status === undefined) {
    const notConnected = typeof code === 'string' && NOT_CONNECTED.includes(code);
    return { ok: false, outcome: notConnected ? 'retry' : 'unsure', code: nameOf(code) };
  }
  const named = String(code ?? status);
  if (status === 429 || status >= 500 || code === 20429)
    return {
      ok: false,
      outcome: 'retry',
      code: named,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    };
  // A redirection: nobody of the house sent it, and what became of the message is not known.
  if (status < 400) return { ok: false, outcome: 'unsure', code: named };
  const fault = OF_THE_NUMBER.includes(Number(code)) ? 'number' : 'ours';
  return { ok: false, outcome: 'refused', code: named, fault };
}

const nameOf = (code: number | string | undefined): string =>
  code === 'ECONNABORTED' || code === 'ETIMEDOUT' ? 'timeout' : String(code ?? 'network').slice(0, 40);

async function withinTime<T>(answer: Promise<T>, ms: number, late: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  try {
    return await Promise.race([answer, over]);
  } finally {
    clearTimeout(timer);
  }
}
