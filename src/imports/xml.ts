/**
 * Reads XML piece by piece, for one dialect: elements, attributes, text. Written for the night: the feed of a
 * nation is gigabytes of very short texts, and a general parser that looks at each character takes an hour over
 * what this takes minutes for. It is strict (whatever is not well-formed refuses the document), knows the five
 * predefined entities and character references only, and does not read document types: there is nothing in it
 * that could be expanded or fetched. A test compares it with the parser `saxes`, document by document.
 */
export type XmlHandlers = {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
  text(text: string): void;
  comment(text: string): void;
  /** What stands between `<!DOCTYPE` and `>`; one with an internal subset never comes here, it is refused. */
  doctype(text: string): void;
};

export class XmlError extends Error {
  /** `cut-off`: it ends too early; `malformed`: no XML; `hostile`: nobody writes this by mistake. */
  readonly kind: 'cut-off' | 'malformed' | 'hostile';
  constructor(kind: XmlError['kind'], message: string) {
    super(message);
    this.name = 'XmlError';
    this.kind = kind;
  }
}

export type XmlLimits = { depth: number; attributes: number; pendingChars: number };
type Tag = { name: string; attributes: Readonly<Record<string, string>>; empty: boolean };

/** All that XML 1.0 does not allow, but for surrogates, which the decoder has seen to. */
const NOT_XML = /[^\t\n\r\x20-\ufffd]/;
const NAME = '[\\p{L}_:][\\p{L}\\p{N}\\p{M}_:.\\-·]*';
const TAG = new RegExp(`^(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)$`, 'u');
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'gu');
const END_TAG = new RegExp(`^(${NAME})\\s*$`, 'u');
const INSTRUCTION = new RegExp(`^<\\?${NAME}(\\s|\\?>)`, 'u');
const WHITE = /^[ \t\r\n]*$/;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', apos: "'", quot: '"' };
/** Distinct tags of a feed are few dozen; what is beyond is parsed anew each time. */
const CACHED_TAGS = 500;

/** @returns `write` takes the next piece, `close` says that there is no more; both throw XmlError */
export function createXmlReader(handlers: XmlHandlers, limits: XmlLimits) {
  const stack: string[] = [];
  const tags = new Map<string, Tag>();
  let rest = '';
  let began = false;
  let rooted = false;
  let doctyped = false;

  function write(chunk: string): void {
    if (NOT_XML.test(chunk)) throw malformed('it holds characters that XML does not allow');
    const buffer = rest + chunk;
    let at = 0;
    for (;;) {
      const next = step(buffer, at);
      if (next < 0) break;
      at = next;
    }
    rest = buffer.slice(at);
    if (rest.length > limits.pendingChars) {
      throw new XmlError(
        'hostile',
        `a text, tag or comment is longer than ${limits.pendingChars} characters`,
      );
    }
  }

  /** Takes one text with the markup after it. @returns where the next begins, -1 when more has to come */
  function step(buffer: string, at: number): number {
    const open = buffer.indexOf('<', at);
    if (open < 0) return -1;
    const kind = buffer.charCodeAt(open + 1);
    const close = buffer.indexOf('>', open);
    if (close < 0) return -1;
    const end = markupEnd(buffer, open, close, kind);
    if (end < 0) return -1;
    if (open > at) takeText(buffer.slice(at, open));
    if (kind === 47) closeTag(buffer, open + 2, close);
    else if (kind === 33) declaration(buffer.slice(open, end));
    else if (kind === 63) instruction(buffer.slice(open, end));
    else openTag(buffer.slice(open + 1, end - 1));
    began = true;
    return end;
  }

  /** The end of the markup that begins at `open`, -1 when that has not been read yet. `close`: the first `>` after it. */
  function markupEnd(buffer: string, open: number, close: number, kind: number): number {
    if (kind === 47) return close + 1;
    if (kind === 63) return after(buffer, '?>', open + 2);
    if (kind === 33) return declarationEnd(buffer, open);
    return tags.has(buffer.slice(open + 1, close)) ? close + 1 : tagEnd(buffer, open);
  }

  function takeText(text: string): void {
    began = true;
    if (stack.length === 0) {
      if (!WHITE.test(text)) throw malformed('there is text outside the root element');
      return;
    }
    if (text.includes(']]>')) throw malformed('"]]>" stands in a text');
    handlers.text(text.includes('&') ? unescapeText(text) : text);
  }

  function openTag(source: string): void {
    let tag = tags.get(source);
    if (!tag) {
      tag = parseTag(source, limits.attributes);
      if (tags.size < CACHED_TAGS) tags.set(source, tag);
    }
    if (stack.length === 0 && rooted) throw malformed('there is a second root element');
    if (stack.length >= limits.depth) {
      throw new XmlError('hostile', `its elements are nested more than ${limits.depth} deep`);
    }
    rooted = true;
    handlers.open(tag.name, tag.attributes);
    if (tag.empty) handlers.close(tag.name);
    else stack.push(tag.name);
  }

  function closeTag(buffer: string, from: number, to: number): void {
    const name = stack.pop();
    if (name === undefined) throw malformed(`</${buffer.slice(from, to).slice(0, 40)}> closes nothing`);
    const exact = to - from === name.length && buffer.startsWith(name, from);
    if (!exact && END_TAG.exec(buffer.slice(from, to))?.[1] !== name) {
      throw malformed(`</${buffer.slice(from, to).slice(0, 40)}> closes <${name}>`);
    }
    handlers.close(name);
  }

  function declaration(source: string): void {
    if (source.startsWith('<!--')) {
      const comment = source.slice(4, -3);
      if (comment.includes('--') || comment.endsWith('-')) throw malformed('a comment holds "--"');
      handlers.comment(comment);
    } else if (source.startsWith('<![CDATA[')) {
      if (stack.length === 0) throw malformed('there is text outside the root element');
      if (source.length > 12) handlers.text(source.slice(9, -3));
    } else {
      if (rooted || doctyped) throw malformed('the document type is not at its place');
      doctyped = true;
      handlers.doctype(source.slice(9, -1));
    }
  }

  function instruction(source: string): void {
    if (/^<\?xml[\s?]/i.test(source)) {
      const valid =
        /^<\?xml\s+version\s*=\s*(["'])1\.\d\1(\s+encoding\s*=\s*(["'])[\w.-]+\3)?(\s+standalone\s*=\s*(["'])(yes|no)\5)?\s*\?>$/;
      if (began || !valid.test(source))
        throw malformed('its XML declaration is not at its place or not valid');
    } else if (!INSTRUCTION.test(source)) throw malformed('a processing instruction has no name');
  }

  function close(): void {
    if (rest.trim() !== '' && stack.length === 0) {
      if (!rest.includes('<')) throw malformed('there is text outside the root element');
    }
    const inside = stack.at(-1);
    if (inside !== undefined) throw new XmlError('cut-off', `it ends inside <${inside}>`);
    if (rest.includes('<')) throw new XmlError('cut-off', 'it ends inside a tag');
    if (!rooted) throw new XmlError('cut-off', 'it holds no element');
  }

  /** True when nothing is begun that the next piece would go on with. */
  const idle = () => WHITE.test(rest);

  return { write, close, idle };
}

function declarationEnd(buffer: string, open: number): number {
  const start = buffer.slice(open, open + 9);
  if (start.startsWith('<!--')) return after(buffer, '-->', open + 4);
  if (start === '<![CDATA[') return after(buffer, ']]>', open + 9);
  if (start === '<!DOCTYPE') return doctypeEnd(buffer, open + 9);
  if (start.length < 9 && ['<!--', '<![CDATA[', '<!DOCTYPE'].some((whole) => whole.startsWith(start)))
    return -1;
  throw malformed(`"${start}" is not expected`);
}

function after(buffer: string, mark: string, from: number): number {
  const at = buffer.indexOf(mark, from);
  return at < 0 ? -1 : at + mark.length;
}

/** The `>` of a tag; one inside a quoted value does not count. */
function tagEnd(buffer: string, open: number): number {
  const stop = /["'>]/g;
  stop.lastIndex = open;
  for (;;) {
    const found = stop.exec(buffer);
    if (!found) return -1;
    if (found[0] === '>') return stop.lastIndex;
    const closing = buffer.indexOf(found[0], stop.lastIndex);
    if (closing < 0) return -1;
    stop.lastIndex = closing + 1;
  }
}

/** A document type that defines something (internal subset) is refused on sight, before its end is looked for. */
function doctypeEnd(buffer: string, from: number): number {
  let quote = '';
  for (let at = from; at < buffer.length; at += 1) {
    const char = buffer[at] as string;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '[')
      throw new XmlError('hostile', 'its document type defines entities, which is not accepted');
    else if (char === '>') return at + 1;
  }
  return -1;
}

function parseTag(source: string, most: number): Tag {
  const [, name, list, slash] = TAG.exec(source) ?? [];
  if (name === undefined || list === undefined) throw malformed(`<${source.slice(0, 60)}> is no tag`);
  const attributes: Record<string, string> = {};
  let count = 0;
  for (const [, key, double, single] of list.matchAll(ATTRIBUTE)) {
    if (Object.hasOwn(attributes, key as string)) throw malformed(`<${name}> has the attribute ${key} twice`);
    count += 1;
    if (count > most) throw new XmlError('hostile', `<${name}> has more than ${most} attributes`);
    Object.defineProperty(attributes, key as string, {
      value: unescapeText((double ?? single ?? '').replace(/[\t\r\n]/g, ' ')),
      enumerable: true,
    });
  }
  return { name, attributes, empty: slash === '/' };
}

/** Each `&` must begin one of the five predefined entities or a character reference. */
function unescapeText(text: string): string {
  return text.replace(/&([^;&\s]{1,12};)?/g, (_, reference: string | undefined) => {
    const name = reference?.slice(0, -1) ?? '';
    const known = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (known !== undefined) return known;
    const [, hexadecimal, decimal] = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name) ?? [];
    const code = hexadecimal ? Number.parseInt(hexadecimal, 16) : decimal ? Number(decimal) : -1;
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < 0 || code > 0x10ffff || surrogate || NOT_XML.test(String.fromCodePoint(code))) {
      throw malformed(`&${name} is not a known entity`);
    }
    return String.fromCodePoint(code);
  });
}

function malformed(message: string): XmlError {
  return new XmlError('malformed', message);
}
