import { SaxesParser } from 'saxes';
import type { Deps } from '../../deps.ts';
import { loginUrl } from './login-url.ts';
import type { Letter, LetterBlock, Span } from './types.ts';

/**
 * Renders `views/messages/<kind>.letter.njk` and reads it back as blocks. The template is escaped like any page,
 * so that a name with `<` or `&` in it arrives as it is.
 */
export function letterContent(deps: Pick<Deps, 'render' | 'config'>, letter: Letter): LetterBlock[] {
  const { BASE_URL } = deps.config;
  const data = {
    ...printable(letter),
    siteUrl: BASE_URL,
    helpUrl: `${BASE_URL}/aide`,
    loginUrl: loginUrl(BASE_URL, letter.identifier),
  };
  return readBlocks(deps.render(`messages/${letter.kind.toLowerCase()}.letter`, data));
}

/** A copy whose texts are composed (NFC) and free of what no page can show: control signs, halves of pairs. */
function printable<T>(value: T): T {
  if (typeof value === 'string') {
    const unwanted = /\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;
    return value.replace(unwanted, ' ').normalize('NFC') as T;
  }
  if (Array.isArray(value)) return value.map(printable) as T;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printable(inner)])) as T;
}

type Element = { name: string; attributes: Record<string, string>; children: (Element | string)[] };

function readBlocks(markup: string): LetterBlock[] {
  return elements(parse(markup)).map(readBlock);
}

function readBlock(element: Element): LetterBlock {
  const { name, attributes } = element;
  switch (name) {
    case 'rule':
      return { kind: 'rule' };
    case 'list':
    case 'steps':
      return { kind: name, items: elements(element).map((item) => spansOf(item)) };
    case 'credentials':
      return {
        kind: 'credentials',
        fields: elements(element, 'field').map((field) => ({
          label: attribute(field, 'label'),
          value: textOf(field),
        })),
        notes: elements(element, 'note').map((note) => spansOf(note)),
        qr: {
          url: attribute(element, 'qr'),
          alt: attribute(element, 'alt'),
          caption: attribute(element, 'caption'),
        },
      };
    case 'sender':
    case 'reference':
    case 'attention':
    case 'h1':
    case 'h2':
    case 'p':
    case 'note':
    case 'small':
    case 'signature':
    case 'footer':
      return { kind: name, spans: spansOf(element) };
    default:
      throw new Error(`a letter has no <${name} ${Object.keys(attributes).join(' ')}>`);
  }
}

function parse(markup: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  const inner = () => open.at(-1) as Element;
  const parser = new SaxesParser({ fragment: false });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const element: Element = {
      name: tag.name,
      attributes: tag.attributes as Record<string, string>,
      children: [],
    };
    inner().children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', (text) => inner().children.push(text));
  parser.write(markup.trim()).close();
  const [letter] = elements(root);
  if (letter === undefined) throw new Error('a letter is empty');
  return letter;
}

function elements(element: Element, name?: string): Element[] {
  return element.children.filter(
    (child): child is Element => typeof child !== 'string' && (name === undefined || child.name === name),
  );
}

function attribute(element: Element, name: string): string {
  const value = element.attributes[name];
  if (value === undefined) throw new Error(`<${element.name}> of a letter needs ${name}`);
  return value;
}

/** The text as a reader sees it: runs of plain white space are one space; unbreakable spaces stay. */
function textOf(element: Element): string {
  return spansOf(element)
    .map((span) => span.text)
    .join('');
}

function spansOf(element: Element, bold = false): Span[] {
  const spans = flatten(element, bold).map((span) => ({
    ...span,
    text: span.text.replace(/[ \t\r\n]+/g, ' '),
  }));
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    const text = last === undefined || last.text.endsWith(' ') ? span.text.replace(/^ /, '') : span.text;
    if (text !== '') joined.push({ text, bold: span.bold });
  }
  const end = joined.at(-1);
  if (end !== undefined) end.text = end.text.replace(/ $/, '');
  return joined.filter((span) => span.text !== '');
}

function flatten(element: Element, bold: boolean): Span[] {
  return element.children.flatMap((child) =>
    typeof child === 'string' ? [{ text: child, bold }] : flatten(child, bold || child.name === 'b'),
  );
}
