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

/**
 * Texts of one language.
 * @param texts nested object of strings, as in `views/locales/fr.json`; keys are joined by dots
 */
export function createTranslator(texts: unknown): Translator {
  const byKey = new Map(flatten('', texts));
  const find = (key: string): string => {
    const text = byKey.get(key);
    if (text === undefined) throw new Error(`no text is called ${key}`);
    return text;
  };
  return {
    text: (key, params = {}) => fill(find(key), params, key, String),
    markup: (key, params = {}) =>
      fill(toMarkup(escapeHtml(find(key))), params, key, (v) => escapeHtml(String(v))),
    has: (key) => byKey.has(key),
  };
}

function flatten(prefix: string, value: unknown): [string, string][] {
  if (typeof value === 'string') return [[prefix, isVerbatim(prefix) ? value : withHardSpaces(value)]];
  if (typeof value !== 'object' || value === null) throw new Error(`${prefix} is neither a text nor a group`);
  return Object.entries(value).flatMap(([name, inner]) =>
    flatten(prefix === '' ? name : `${prefix}.${name}`, inner),
  );
}

const isVerbatim = (key: string): boolean => VERBATIM.some((group) => key.startsWith(group));

/** French punctuation must not begin a line: the space before it is made unbreakable. */
function withHardSpaces(text: string): string {
  return text.replace(/ (?=[:;!?»%])/g, '\u00a0').replace(/« /g, '«\u00a0');
}

function fill(text: string, params: TextParams, key: string, print: (value: unknown) => string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined || value === null) throw new Error(`the text ${key} needs ${name}`);
    return print(value);
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
