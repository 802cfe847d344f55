import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The one call of Twilio's REST interface that sends an SMS, as Twilio answers it (2010-04-01, Messages). */

const LARGEST_BODY = 64 * 1024;

type Answer = { status: number; body: Record<string, unknown> };

/** @param record is given each message that Twilio would have accepted */
export async function takeTwilioMessage(
  request: IncomingMessage,
  accountSid: string,
  record: (sms: { to: string; text: string }) => void,
): Promise<Answer> {
  if (!/^Basic [\w+/=-]+$/.test(request.headers.authorization ?? ''))
    return refusal(401, 20003, 'Authenticate');
  const form = new URLSearchParams(await readBody(request));
  const to = form.get('To') ?? '';
  const body = form.get('Body') ?? '';
  const from = form.get('From') ?? form.get('MessagingServiceSid') ?? '';
  if (to === '') return refusal(400, 21604, "A 'To' phone number is required.");
  if (!/^\+[1-9]\d{6,14}$/.test(to)) return refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`);
  if (from === '') return refusal(400, 21603, "A 'From' phone number is required.");
  if (body === '') return refusal(400, 21602, 'Message body is required.');
  if (body.length > 1600)
    return refusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit.');
  record({ to, text: body });
  const sid = `SM${randomBytes(16).toString('hex')}`;
  const now = new Date().toUTCString();
  return {
    status: 201,
    body: {
      account_sid: accountSid,
      api_version: '2010-04-01',
      body,
      date_created: now,
      date_sent: null,
      date_updated: now,
      direction: 'outbound-api',
      error_code: null,
      error_message: null,
      from,
      messaging_service_sid: form.get('MessagingServiceSid'),
      num_media: '0',
      num_segments: String(Math.ceil(body.length / 160)),
      price: null,
      price_unit: 'USD',
      sid,
      status: 'queued',
      subresource_uris: { media: `/2010-04-01/Accounts/${accountSid}/Messages/${sid}/Media.json` },
      to,
      uri: `/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`,
    },
  };
}

function refusal(status: number, code: number, message: string): Answer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
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
