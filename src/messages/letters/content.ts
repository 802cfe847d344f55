import type { Deps } from '../../deps.ts';
import { DEFAULT_LOCALE, LOCALES, type Locale } from '../../languages/locales.ts';
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
    loginUrl: loginUrl(BASE_URL, letter.identifier, letter.of, letter.language),
  };
  const own = letter.of === 'pupil' ? 'pupil-' : '';
  const french = readBlocks(deps.render(`messages/${own}${letter.kind.toLowerCase()}.letter`, data));
  return letter.of === 'pupil' ? french : [...french, ...otherLanguages(deps, letter.language ?? null, data)];
}

/** The second half again in the family's language; a line that tells of the languages when it is not known. */
function otherLanguages(
  { render }: Pick<Deps, 'render'>,
  language: Locale | null,
  data: object,
): LetterBlock[] {
  if (language === DEFAULT_LOCALE) return [];
  if (language === null) {
    const spans = LOCALES.filter((locale) => locale !== DEFAULT_LOCALE).flatMap((locale, index) => {
      const text = render('messages/letter-also', {}, { locale }).trim();
      return [{ text: index === 0 ? text : ` - ${text}`, bold: false }];
    });
    return [{ kind: 'small', spans }];
  }
  const blocks = readBlocks(render('messages/letter-other', data, { locale: language }));
  return [{ kind: 'rule' }, ...blocks.map((block) => ({ ...block, lang: language }))];
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
