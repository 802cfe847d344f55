import type { Readable } from 'node:stream';
import { simpleParser } from 'mailparser';
import type { Bounce } from './bad-address.ts';

/** A report of non-delivery is small; of the mail that came back no more is needed than its head. */
const LONGEST = 2_000_000;

/** `keepDeliveryStatus`: the report stays a part of its own; the typings leave it out. */
const OPTIONS = {
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipImageLinks: true,
  keepDeliveryStatus: true,
};

type Part = { contentType: string; content: Buffer };

/**
 * Reads a report of non-delivery (RFC 3464): which mail did not arrive for good. A delay, a mail that arrived, and
 * anything that is no such report are null.
 */
export async function readBounce(source: Buffer | Readable): Promise<Bounce | null> {
  const bytes = await allOf(source);
  if (bytes === null) return null;
  const mail = await simpleParser(bytes, OPTIONS);
  const parts: Part[] = mail.attachments.map(({ contentType, content }) => ({ contentType, content }));
  const status = parts.find(({ contentType }) => /^message\/(global-)?delivery-status$/i.test(contentType));
  if (status === undefined) return null;
  const recipients = recipientsOf(status.content.toString('utf8'));
  if (!recipients.some(({ failed }) => failed)) return null;
  const returned = parts.find(({ contentType }) =>
    /^(message\/(rfc822|global)|(text|message)\/(rfc822|global)-headers)$/i.test(contentType),
  );
  const to = Array.isArray(mail.to) ? mail.to : mail.to ? [mail.to] : [];
  const marks = [
    ...to.flatMap(({ value }) => value.map(({ address = '' }) => address)),
    String(mail.headers.get('delivered-to') ?? ''),
    String(mail.headers.get('x-original-to') ?? ''),
  ].map((address) => /\+([0-9a-f]{36})@/i.exec(address)?.[1]?.toLowerCase());
  return {
    messageId: returned ? messageIdOf(returned.content.toString('utf8')) : null,
    mark: marks.find((mark) => mark !== undefined) ?? null,
    recipients,
  };
}

/** One group of fields a recipient, after one of the message; the first hundred are enough. */
function recipientsOf(report: string): Bounce['recipients'] {
  const groups = unfold(report).split(/\r?\n[ \t]*\r?\n/, 101);
  return groups.flatMap((fields) => {
    const action = /^action:[ \t]*(\S+)/im.exec(fields)?.[1]?.toLowerCase();
    if (action === undefined) return [];
    const status = /^status:[ \t]*(\d)\.\d+\.\d+/im.exec(fields)?.[1];
    const named = fields.matchAll(/^(?:final|original)-recipient:[ \t]*[\w-]+[ \t]*;[ \t]*<?([^\s<>]+)/gim);
    const addresses = Array.from(named, ([, address = '']) => address.toLowerCase());
    return [{ addresses, failed: action === 'failed' && (status === undefined || status === '5') }];
  });
}

function messageIdOf(returned: string): string | null {
  const head = unfold(returned.split(/\r?\n\r?\n/, 1)[0] ?? '');
  return /^message-id:\s*(<[^<>\s]+>)/im.exec(head)?.[1] ?? null;
}

const unfold = (text: string) => text.replace(/\r?\n[ \t]+/g, ' ');

async function allOf(source: Buffer | Readable): Promise<Buffer | null> {
  if (Buffer.isBuffer(source)) return source.length > LONGEST ? null : source;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LONGEST) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
