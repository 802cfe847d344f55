import bidiFactory from 'bidi-js';
import type { Line, PlacedRun, Ruler, Run } from './runs.ts';

/** Its typings tell of another module format than the one that Node.js loads. */
const bidi = (bidiFactory as unknown as typeof bidiFactory.default)();

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
/** Marks that tell a direction and draw nothing. */
const MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const isRightToLeft = (text: string): boolean => RIGHT_TO_LEFT.test(text);

type Item = Run & { level: number };

/**
 * A line in the order in which the eye meets it (Unicode bidirectional algorithm, UAX 9). The shaping of the words
 * themselves is the font library's, which sets a word of a joined script from right to left by itself.
 */
export function arrangeLine(line: Line, base: 'ltr' | 'rtl', size: number, ruler: Ruler): Line {
  const text = line.runs
    .map((run) => run.text)
    .join('')
    .replace(/ +$/, '');
  if (base === 'ltr' && !isRightToLeft(text)) return line;
  const { levels } = bidi.getEmbeddingLevels(text, base);
  const items = reordered(itemsOf(line, text, levels));
  const runs: PlacedRun[] = [];
  let x = 0;
  for (const { text: words, font } of items) {
    const width = ruler.width(words, font, size);
    runs.push({ text: words, font, x, width });
    x += width;
  }
  return { runs, width: x };
}

/** Parts of one font and one direction; from right to left, each word by itself. */
function itemsOf(line: Line, text: string, levels: Uint8Array): Item[] {
  const items: Item[] = [];
  let at = 0;
  for (const run of line.runs) {
    let open: Item | null = null;
    for (const sign of run.text) {
      if (at >= text.length) break;
      const level = levels[at] ?? 0;
      if (open === null || open.level !== level) {
        open = { text: '', font: run.font, level };
        items.push(open);
      }
      open.text += sign;
      at += sign.length;
      if (sign === ' ' && level % 2 === 1) open = null;
    }
  }
  return items.map((item) => ({ ...item, text: shown(item) })).filter((item) => item.text !== '');
}

/** Brackets look the other way; what has no letter of its own is turned round here, for the library would not. */
function shown({ text, level }: Item): string {
  const plain = text.replace(MARKS, '');
  if (level % 2 === 0) return plain;
  const signs = [...plain].map((sign) => bidi.getMirroredCharacter(sign) ?? sign);
  return (isRightToLeft(plain) ? signs : signs.reverse()).join('');
}

/** Rule L2: from the deepest level to the first that is odd, whatever is at least so deep is turned round. */
function reordered(items: readonly Item[]): Item[] {
  const result = [...items];
  for (let level = Math.max(0, ...items.map((item) => item.level)); level >= 1; level -= 1) {
    for (let start = 0; start < result.length; start += 1) {
      if ((result[start]?.level ?? 0) < level) continue;
      let end = start;
      while ((result[end]?.level ?? 0) >= level && end < result.length) end += 1;
      result.splice(start, end - start, ...result.slice(start, end).reverse());
      start = end;
    }
  }
  return result;
}
