import { ownText } from './own-text.ts';
import type { FeedRecord } from './types.ts';

/**
 * Reads a record that is written as the exports write it: tags without blanks, texts without entities. A feed has
 * millions of these, and looking only where something may stand takes a third of what parsing takes. Anything else is
 * left to the parser, which alone decides what is well-formed: a test compares the two.
 */
const NOT_PLAIN = /[^\t\n\r\x20-\ufffd]|&|]]>/;
const PLAIN_NAME = /^[A-Za-z_][\w.-]*$/;
const MARKUP = 60;

/** Values by name of attribute; the lists are used by one record after another. */
export type ValueLists = {
  values: FeedRecord['values'];
  add(name: string, value: string): void;
  /** Empties the lists. */
  clear(): void;
};

/** A feed has some dozens of names; beyond that they are forgotten. */
const MOST_LISTS = 200;

export function createValueLists(): ValueLists {
  const values: FeedRecord['values'] = new Map();
  const used: string[][] = [];
  return {
    values,
    add(name, value) {
      let list = values.get(name);
      if (!list) {
        list = [];
        values.set(ownText(name), list);
      }
      if (list.push(value) === 1) used.push(list);
    },
    clear() {
      if (values.size > MOST_LISTS) values.clear();
      for (const list of used) list.length = 0;
      used.length = 0;
    },
  };
}

/**
 * @param lists where the values go
 * @returns takes one `addRequest` from its first to its last character and says whether it could read it: category and
 * id, `null` when it could not; the lists are of no use then
 */
export function createCanonicalReader({ add }: Pick<ValueLists, 'add'>) {
  const names = new Set<string>();
  let text = '';
  let at = 0;

  /** Steps over blanks and then `markup`, if that is what comes. */
  function take(markup: string): boolean {
    let start = at;
    for (let code = text.charCodeAt(start); isBlank(code); code = text.charCodeAt(start)) start += 1;
    if (!text.startsWith(markup, start)) return false;
    at = start + markup.length;
    return true;
  }

  /** The text before `end`, which must be the next markup; null when it is another. */
  function textBefore(end: string): string | null {
    const stop = text.indexOf('<', at);
    if (!text.startsWith(end, stop)) return null;
    const value = text.slice(at, stop).trim();
    at = stop + end.length;
    return value;
  }

  /** `name">` */
  function takeName(): string | null {
    const stop = text.indexOf('"', at);
    const name = text.slice(at, stop);
    if (stop < 0 || text.charCodeAt(stop + 1) !== MARKUP + 2) return null;
    if (!names.has(name)) {
      if (!PLAIN_NAME.test(name)) return null;
      if (names.size < MOST_LISTS) names.add(ownText(name));
    }
    at = stop + 2;
    return name;
  }

  /** As far as `end`. @returns false when something else stands there */
  function takeAttributes(end: string, on: (name: string, value: string) => void): boolean {
    while (!take(end)) {
      if (!take('<attr name="')) return false;
      const name = takeName();
      if (name === null) return false;
      while (!take('</attr>')) {
        if (take('<value>')) {
          const value = textBefore('</value>');
          if (value === null) return false;
          if (value !== '') on(name, value);
        } else if (!take('<value/>')) return false;
      }
    }
    return true;
  }

  let category = '';
  const takeCategory = (name: string, value: string) => {
    if (name.startsWith('categorie')) category = value;
  };

  return (record: string): { category: string; id: string } | null => {
    if (NOT_PLAIN.test(record)) return null;
    text = record;
    at = 0;
    category = '';
    if (!take('<addRequest>') || !take('<operationalAttributes>')) return null;
    if (!takeAttributes('</operationalAttributes>', takeCategory)) return null;
    if (!take('<identifier>') || !take('<id>')) return null;
    const id = textBefore('</id>');
    if (id === null || !take('</identifier>') || !take('<attributes>')) return null;
    if (!takeAttributes('</attributes>', add)) return null;
    return take('</addRequest>') && at === text.length ? { category, id } : null;
  };
}

function isBlank(code: number): boolean {
  return code === 10 || code === 32 || code === 13 || code === 9;
}
