import { DEFAULT_LOCALE, directionOf, type Locale } from '../languages/locales.ts';

export type TextParams = Record<string, unknown>;

export type Translator = {
  /** The text of a key, plain; throws when the key or one of its params is missing. */
  text(key: string, params?: TextParams): string;
  /** The same as HTML: all is escaped, then `**bold**` and `[label]({url})` become elements. */
  markup(key: string, params?: TextParams): string;
  has(key: string): boolean;
};

/** Groups kept to the letter: accessible names (contract, « Forms ») and texts that leave by SMS. */
const VERBATIM = ['labels.', 'messages.'];

/** Marks, around what is filled in, that its direction is its own (Unicode bidirectional algorithm, FSI and PDI). */
const ISOLATED = { begin: '\u2068', end: '\u2069' };

/**
 * Texts of one language.
 * @param texts nested object of strings, as in `views/locales/fr.json`; keys are joined by dots. A number may choose
 *   among words: `{count, plural, one {# word} other {# words}}`
 * @param options `reference`: where a text is looked for that this language has not
 */
export function createTranslator(
  texts: unknown,
  options: { locale?: Locale; reference?: unknown } = {},
): Translator {
  const locale = options.locale ?? DEFAULT_LOCALE;
  const byKey = new Map([
    ...(options.reference ? flatten('', options.reference, DEFAULT_LOCALE) : []),
    ...flatten('', texts, locale),
  ]);
  const plural = new Intl.PluralRules(locale);
  const isRtl = directionOf(locale) === 'rtl';
  const find = (key: string, params: TextParams): string => {
    const text = byKey.get(key);
    if (text === undefined) throw new Error(`no text is called ${key}`);
    return chooseWords(text, params, plural);
  };
  // An address stays bare: whoever makes links of addresses would take the mark into it.
  const plain = (value: unknown) =>
    isRtl && typeof value === 'string' && !/^https?:/.test(value)
      ? ISOLATED.begin + value + ISOLATED.end
      : String(value);
  const element = (value: unknown) => {
    const escaped = escapeHtml(String(value));
    return isRtl ? `<bdi>${escaped}</bdi>` : escaped;
  };
  return {
    text: (key, params = {}) => fill(find(key, params), params, key, plain),
    markup: (key, params = {}) => fill(toMarkup(escapeHtml(find(key, params))), params, key, element),
    has: (key) => byKey.has(key),
  };
}

function flatten(prefix: string, value: unknown, locale: Locale): [string, string][] {
  if (typeof value === 'string')
    return [[prefix, locale !== 'fr' || isVerbatim(prefix) ? value : withHardSpaces(value)]];
  if (typeof value !== 'object' || value === null) throw new Error(`${prefix} is neither a text nor a group`);
  return Object.entries(value).flatMap(([name, inner]) =>
    flatten(prefix === '' ? name : `${prefix}.${name}`, inner, locale),
  );
}

const isVerbatim = (key: string): boolean => VERBATIM.some((group) => key.startsWith(group));

/** French punctuation must not begin a line: the space before it is made unbreakable. */
function withHardSpaces(text: string): string {
  return text.replace(/ (?=[:;!?»%])/g, '\u00a0').replace(/« /g, '«\u00a0');
}

/** `{count, plural, one {# word} other {# words}}`: each language has its own forms (Arabic has six). */
function chooseWords(text: string, params: TextParams, plural: Intl.PluralRules): string {
  return text.replace(/\{(\w+), plural,((?: \w+ \{[^{}]*\})+)\}/g, (_, name: string, list: string) => {
    const forms = new Map(
      Array.from(list.matchAll(/(\w+) \{([^{}]*)\}/g), ([, form, words]) => [form, words]),
    );
    const form = plural.select(Number(params[name]));
    return (forms.get(form) ?? forms.get('other') ?? '').replaceAll('#', `{${name}}`);
  });
}

function fill(text: string, params: TextParams, key: string, print: (value: unknown) => string): string {
  return text.replace(/(href=")?\{(\w+)\}/g, (_, address: string | undefined, name: string) => {
    const value = params[name];
    if (value === undefined || value === null) throw new Error(`the text ${key} needs ${name}`);
    return address === undefined ? print(value) : address + escapeHtml(String(value));
  });
}

/** Runs before the params are filled in, so that what a person typed is never read as markup. */
function toMarkup(escaped: string): string {
  return escaped
    .replace(/\*\*(.+?)\*\*/g, '<strong class="ec-strong">$1</strong>')
    .replace(/\[(.+?)\]\((.+?)\)/g, '<a class="govuk-link" href="$2">$1</a>');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
