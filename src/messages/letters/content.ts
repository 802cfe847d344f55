import type { Deps } from '../../deps.ts';
import {
  attributeOf,
  type Element,
  elementsOf,
  parseMarkup,
  printableText,
  spansOf,
  textOf,
} from '../print/markup.ts';
import { loginUrl } from './login-url.ts';
import type { Letter, LetterBlock } from './types.ts';

/**
 * Renders `views/messages/<kind>.letter.njk`, of a pupil `pupil-<kind>`, and reads it back as blocks. The template is
 * escaped like any page, so that a name with `<` or `&` in it arrives as it is.
 */
export function letterContent(deps: Pick<Deps, 'render' | 'config'>, letter: Letter): LetterBlock[] {
  const { BASE_URL } = deps.config;
  const data = {
    ...printable(letter),
    siteUrl: BASE_URL,
    helpUrl: `${BASE_URL}/aide`,
    loginUrl: loginUrl(BASE_URL, letter.identifier, letter.of),
  };
  const own = letter.of === 'pupil' ? 'pupil-' : '';
  return readBlocks(deps.render(`messages/${own}${letter.kind.toLowerCase()}.letter`, data));
}

/** A copy whose texts can be shown. */
function printable<T>(value: T): T {
  if (typeof value === 'string') return printableText(value) as T;
  if (Array.isArray(value)) return value.map(printable) as T;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printable(inner)])) as T;
}

function readBlocks(markup: string): LetterBlock[] {
  return elementsOf(parseMarkup(markup)).map(readBlock);
}

function readBlock(element: Element): LetterBlock {
  const { name, attributes } = element;
  switch (name) {
    case 'rule':
      return { kind: 'rule' };
    case 'list':
    case 'steps':
      return { kind: name, items: elementsOf(element).map((item) => spansOf(item)) };
    case 'credentials':
      return {
        kind: 'credentials',
        fields: elementsOf(element, 'field').map((field) => ({
          label: attributeOf(field, 'label'),
          value: textOf(field),
        })),
        notes: elementsOf(element, 'note').map((note) => spansOf(note)),
        qr: {
          url: attributeOf(element, 'qr'),
          alt: attributeOf(element, 'alt'),
          caption: attributeOf(element, 'caption'),
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
