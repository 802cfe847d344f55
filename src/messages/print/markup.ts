import { SaxesParser } from 'saxes';
import type { Span } from '../letters/types.ts';

/** What a template says, read as XML: it is escaped like any page, so that whatever was filled in arrives as it is. */
export type Element = { name: string; attributes: Record<string, string>; children: (Element | string)[] };

/** @returns the outermost element. @throws when the text is no XML */
export function parseMarkup(markup: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open = [root];
  const inner = () => open.at(-1) as Element;
  const parser = new SaxesParser({ fragment: false });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = { name, attributes: attributes as Record<string, string>, children: [] };
    inner().children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  parser.on('text', (text) => inner().children.push(text));
  parser.write(markup.trim()).close();
  const [outermost] = elementsOf(root);
  if (outermost === undefined) throw new Error('a template is empty');
  return outermost;
}

export function elementsOf(element: Element, name?: string): Element[] {
  return element.children.filter(
    (child): child is Element => typeof child !== 'string' && (name === undefined || child.name === name),
  );
}

export function attributeOf({ name, attributes }: Element, wanted: string): string {
  const value = attributes[wanted];
  if (value === undefined) throw new Error(`<${name}> needs ${wanted}`);
  return value;
}

/** The text with its emphasis as a reader sees it: runs of plain white space are one space, unbreakable ones stay. */
export function spansOf(element: Element): Span[] {
  const spans = flatten(element, false).map(({ text, bold }) => ({
    text: text.replace(/[ \t\r\n]+/g, ' '),
    bold,
  }));
  const joined: Span[] = [];
  for (const { text, bold } of spans) {
    const last = joined.at(-1);
    const rest = last === undefined || last.text.endsWith(' ') ? text.replace(/^ /, '') : text;
    if (rest !== '') joined.push({ text: rest, bold });
  }
  const end = joined.at(-1);
  if (end !== undefined) end.text = end.text.replace(/ $/, '');
  return joined.filter(({ text }) => text !== '');
}

/** The same without its emphasis. */
export const textOf = (element: Element): string =>
  spansOf(element)
    .map(({ text }) => text)
    .join('');

/** French punctuation begins no line, and quotation marks end none. */
export const withHardSpaces = (text: string): string =>
  text.replace(/ (?=[:;!?»%])/g, '\u00a0').replace(/« /g, '«\u00a0');

/** As `spansOf`, for prose that is set in lines. */
export const proseOf = (element: Element): Span[] =>
  spansOf(element).map(({ text, bold }) => ({ text: withHardSpaces(text), bold }));

/** Composed (NFC) and free of what no page can show: control signs, halves of pairs. */
export const printableText = (text: string): string =>
  text.replace(/\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu, ' ').normalize('NFC');

function flatten(element: Element, bold: boolean): Span[] {
  return element.children.flatMap((child) =>
    typeof child === 'string' ? [{ text: child, bold }] : flatten(child, bold || child.name === 'b'),
  );
}
