import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createCallbacks } from './twilio-callbacks.ts';
import { fateOf, MISHAPS } from './twilio-fates.ts';

/**
 * Twilio's REST interface as far as SMS need it (2010-04-01, Messages): create, fetch, redact, delete, and signed
 * reports of the delivery. What is kept here is what Twilio would keep; what a phone would show goes to `record`.
 */
export type TwilioStub = {
  /** @returns false: neither an address of Twilio's nor that of the switch */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** What goes wrong with all numbers now, as the switch says (`twilio-fates.ts`); null: nothing. */
  mishap(): string | null;
  /** Resolves when no report is under way any more. */
  settled(): Promise<void>;
  /** Lets go of requests that are never answered, and of reports under way. */
  stop(): Promise<void>;
};

type Message = {
  sid: string;
  to: string;
  from: string;
  serviceSid: string | null;
  body: string;
  status: string;
  errorCode: number | null;
  createdAt: Date;
};
type Answer = { status: number; body?: object; headers?: Record<string, string> };

/** POST with `panne`: figures of a mishap, or nothing. */
export const SWITCH_PATH = '/operateur';

const LARGEST_BODY = 64 * 1024;
const KEPT = 1000;
const ENDS = ['delivered', 'undelivered', 'failed'];

/** @param record is given each message that a phone would have received */
export function createTwilioStub(record: (sms: { to: string; text: string }) => void): TwilioStub {
  const messages = new Map<string, Message>();
  const callbacks = createCallbacks();
  const silent = new Set<ServerResponse>();
  let mishap: string | null = null;

  const create = (account: Account, form: URLSearchParams): Answer | 'never' => {
    const refused = refuse(form);
    if (refused !== null) return refused;
    const to = form.get('To') ?? '';
    const fate = fateOf(to, mishap);
    if (fate.kind === 'refused') return refusal(fate.status, fate.code, fate.message, fate.headers);
    if (fate.kind === 'swallowed') return 'never';
    const message = newMessage(form);
    messages.set(message.sid, message);
    for (const sid of [...messages.keys()].slice(0, -KEPT)) messages.delete(sid);
    const body = shown(account.sid, message);
    callbacks.report(form.get('StatusCallback'), account, message, fate.statuses, (status) => {
      message.status = status;
      message.errorCode = ENDS.includes(status) ? fate.errorCode : null;
    });
    if (fate.statuses.at(-1) === 'delivered') record({ to, text: message.body });
    return fate.kind === 'unanswered' ? 'never' : { status: 201, body };
  };

  const change = (account: Account, sid: string, method: string, form: URLSearchParams): Answer => {
    const message = messages.get(sid);
    if (message === undefined) return refusal(404, 20404, 'The requested resource was not found');
    if (method === 'GET') return { status: 200, body: shown(account.sid, message) };
    if (!ENDS.includes(message.status))
      return refusal(400, 20009, 'Cannot modify a message before it has completed');
    if (method === 'DELETE') {
      messages.delete(sid);
      return { status: 204 };
    }
    if (form.get('Body') !== '') return refusal(400, 21618, 'The message body can only be redacted');
    message.body = '';
    return { status: 200, body: shown(account.sid, message) };
  };

  return {
    async handle(request, response) {
      const { pathname } = new URL(request.url ?? '/', 'http://twilio');
      if (pathname === SWITCH_PATH && request.method === 'POST') {
        const figures = new URLSearchParams(await readBody(request)).get('panne');
        mishap = MISHAPS.find((one) => one.figures === figures)?.figures ?? null;
        response.writeHead(303, { location: '/' }).end();
        return true;
      }
      const [, accountSid, , sid] =
        /^\/2010-04-01\/Accounts\/([^/]+)\/Messages(\/(SM[0-9a-f]{32}))?\.json$/.exec(pathname) ?? [];
      if (accountSid === undefined) return false;
      const method = request.method ?? 'GET';
      const account = accountOf(request, accountSid);
      const form = new URLSearchParams(await readBody(request));
      let answer: Answer | 'never';
      if (account === null) answer = refusal(401, 20003, 'Authenticate');
      else if (sid !== undefined && ['GET', 'POST', 'DELETE'].includes(method))
        answer = change(account, sid, method, form);
      else if (sid === undefined && method === 'POST') answer = create(account, form);
      else answer = refusal(405, 20004, 'Method not allowed');
      if (answer === 'never') {
        silent.add(response);
        response.once('close', () => silent.delete(response));
        return true;
      }
      const type = { 'content-type': 'application/json; charset=utf-8' };
      response.writeHead(answer.status, { ...type, ...answer.headers });
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
      return true;
    },
    mishap: () => mishap,
    settled: callbacks.settled,
    async stop() {
      for (const response of silent) response.destroy();
      await callbacks.stop();
    },
  };
}

/** Who asks; his token signs the reports, as Twilio's does. */
export type Account = { sid: string; token: string };

function accountOf(request: IncomingMessage, accountSid: string): Account | null {
  const encoded = /^Basic ([\w+/=-]+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [sid = '', token = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return sid === accountSid && token !== '' ? { sid, token } : null;
}

function refuse(form: URLSearchParams): Answer | null {
  const to = form.get('To') ?? '';
  const body = form.get('Body') ?? '';
  if (to === '') return refusal(400, 21604, "A 'To' phone number is required.");
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`);
  if (!form.get('From') && !form.get('MessagingServiceSid'))
    return refusal(400, 21603, "A 'From' phone number is required.");
  if (body === '') return refusal(400, 21602, 'Message body is required.');
  if (body.length > 1600)
    return refusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit.');
  return null;
}

function newMessage(form: URLSearchParams): Message {
  return {
    sid: `SM${randomBytes(16).toString('hex')}`,
    to: form.get('To') ?? '',
    from: form.get('From') ?? '',
    serviceSid: form.get('MessagingServiceSid'),
    body: form.get('Body') ?? '',
    status: 'queued',
    errorCode: null,
    createdAt: new Date(),
  };
}

/** A message as Twilio answers it. */
function shown(accountSid: string, message: Message): object {
  const path = `/2010-04-01/Accounts/${accountSid}/Messages/${message.sid}`;
  const created = message.createdAt.toUTCString();
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body: message.body,
    date_created: created,
    date_sent: ENDS.includes(message.status) ? created : null,
    date_updated: created,
    direction: 'outbound-api',
    error_code: message.errorCode,
    error_message: null,
    from: message.from,
    messaging_service_sid: message.serviceSid,
    num_media: '0',
    num_segments: String(Math.ceil(message.body.length / 160)),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${path}/Media.json` },
    to: message.to,
    uri: `${path}.json`,
  };
}

function refusal(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Answer {
  const more = `https://www.twilio.com/docs/errors/${code}`;
  return { status, headers, body: { code, message, more_info: more, status } };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw new Error('the request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
