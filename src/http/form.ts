import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Context, Form, Lists } from './context.ts';
import { Fault } from './errors.ts';

export type { Form, Lists } from './context.ts';

/** Of a form whose fields come once; the longest is a page of the staff's list. */
const LIMIT_BYTES = 16_384;
const LIMIT_FIELDS = 64;
/** Where some come more than once: a page of accounts, all classes of a large school. */
const LIMIT_LISTED_FIELDS = 400;

/** The fields that were sent: each once, and those that may come more than once with all their values. */
export type Body = { form: Form; lists: Lists };

/**
 * Reads an urlencoded body strictly (H01, H03): a field twice, a nested one (`a[b]`), bytes that are not UTF-8, a
 * NUL, another content type are refused rather than guessed at.
 * @throws Fault EC-413-SIZE, EC-400-REQUEST
 */
export async function parseBody(req: IncomingMessage): Promise<Form> {
  return (await parseListedBody(req, new Set())).form;
}

/** As `parseBody`, but these fields may come more than once: the form has their first value, the lists have all. */
export async function parseListedBody(req: IncomingMessage, listed: ReadonlySet<string>): Promise<Body> {
  const type = String(req.headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase();
  const bytes = await readBytes(req);
  const readable = type === 'application/x-www-form-urlencoded' && !req.headers['content-encoding'];
  // Any other body has no fields; the missing CSRF token then refuses it.
  if (bytes.length === 0 || !readable) return { form: new Map(), lists: new Map() };
  return parseUrlencoded(bytes, listed);
}

async function readBytes(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > LIMIT_BYTES) throw tooLarge(req);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMIT_BYTES) throw tooLarge(req);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The rest is not read, so the connection cannot be used again. */
function tooLarge(req: IncomingMessage): Fault {
  req.unpipe();
  req.resume();
  return new Fault('EC-413-SIZE');
}

function parseUrlencoded(bytes: Buffer, listed: ReadonlySet<string>): Body {
  const form = new Map<string, string>();
  const lists = new Map<string, string[]>();
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const pairs = text.split('&').filter((pair) => pair !== '');
    if (pairs.length > (listed.size > 0 ? LIMIT_LISTED_FIELDS : LIMIT_FIELDS))
      throw new Error('too many fields');
    for (const pair of pairs) {
      const cut = pair.indexOf('=');
      const name = decode(cut < 0 ? pair : pair.slice(0, cut));
      const value = decode(cut < 0 ? '' : pair.slice(cut + 1));
      if (/[[\]]/.test(name) || value.includes('\0')) throw new Error('nested');
      if (listed.has(name)) lists.set(name, [...(lists.get(name) ?? []), value]);
      else if (form.has(name)) throw new Error('repeated');
      if (!form.has(name)) form.set(name, value);
    }
  } catch (cause) {
    throw new Fault('EC-400-REQUEST', { cause });
  }
  return { form, lists };
}

/** @throws URIError on malformed escapes and on escapes that are not UTF-8 */
function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

export type ReadForm<Values, Reason extends string> =
  | { ok: true; values: Values }
  | { ok: false; errors: { field: Extract<keyof Values, string>; reason: Reason }[] };

/**
 * The fields that a page has asked for; others are ignored, a missing one counts as empty. The messages of the
 * schema are the reasons: `z.string().min(1, 'missing')` gives `{ field, reason: 'missing' }`.
 */
export function readForm<Shape extends z.ZodRawShape, Reason extends string>(
  ctx: Context,
  schema: z.ZodObject<Shape>,
): ReadForm<z.output<z.ZodObject<Shape>>, Reason> {
  const given = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, field(ctx, name)]));
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, values: parsed.data };
  const first = new Map<string, string>();
  for (const { path, message } of parsed.error.issues) {
    const name = String(path[0]);
    if (!first.has(name)) first.set(name, message);
  }
  const errors = Array.from(first, ([name, reason]) => ({ field: name, reason }));
  return { ok: false, errors: errors as { field: never; reason: Reason }[] };
}

/** One field as it was typed, empty when absent: to fill in a refused form again. */
export function field(ctx: Context, name: string): string {
  return ctx.state.form?.get(name) ?? '';
}

/** All values of a field that may come more than once; none when it is absent. */
export function fields(ctx: Context, name: string): readonly string[] {
  return ctx.state.lists?.get(name) ?? [];
}
