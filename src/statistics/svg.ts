import type { AccountState } from '../accounts/types.ts';
import { accountsIn, STATES, type StateCounts } from './types.ts';
import { STATE_LABELS } from './words.ts';

/**
 * What both pictures are made of. They need no script and no style sheet (the page's policy allows neither inline),
 * and are drawn as wide as a telephone, so that their letters are readable there; a page may stretch them.
 */
export const WIDTH = 320;
export const INK = '#1d1d1d';
const LETTER = 12;
const EDGE = 0.75;

/** From what is done to what is to do; each is told apart from its neighbours by lightness and by a dark edge. */
const FILLS: Record<AccountState, string> = {
  activated: '#0b5f56',
  activating: '#f0b429',
  notified: '#5b8fd1',
  not_notified: '#f0f0f0',
};
const STACKED = [...STATES].reverse();

export type Box = { x: number; y: number; width: number; height: number };

/**
 * A picture with its text alternative.
 * @param id unique in the page; the ids of title and description begin with it
 */
export function picture(
  { id, title, description, height }: { id: string; title: string; description: string; height: number },
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`,
    ` role="img" aria-labelledby="${id}-title" aria-describedby="${id}-description" font-size="${LETTER}" fill="${INK}">`,
    `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-description">${escaped(description)}</desc>`,
    ...parts,
    '</svg>',
  ].join('');
}

/** The states as shares of a bar, « Activé » at its beginning: at the left, or at the foot. */
export function stackedBar(states: StateCounts, box: Box, along: 'x' | 'y', edge = EDGE): string {
  const accounts = accountsIn(states);
  const length = along === 'x' ? box.width : box.height;
  let done = 0;
  return STACKED.map((state) => {
    if (states[state] === 0) return '';
    const from = (length * done) / accounts;
    done += states[state];
    const to = (length * done) / accounts;
    const part =
      along === 'x'
        ? { ...box, x: box.x + from, width: to - from }
        : { ...box, y: box.y + box.height - to, height: to - from };
    return rectangle(part, FILLS[state], edge);
  }).join('');
}

/** The key to the colours, two a line. @param y of its upper edge */
export function colourKey(y: number): string {
  return STACKED.map((state, index) => {
    const x = (index % 2) * 165;
    const top = y + Math.floor(index / 2) * 20;
    const swatch = rectangle({ x: x + 1, y: top, width: 12, height: 12 }, FILLS[state]);
    return `${swatch}${words(STATE_LABELS[state], { x: x + 18, y: top + 10.5 })}`;
  }).join('');
}
export const KEY_HEIGHT = 36;

export function words(
  text: string,
  { x, y, anchor = 'start' }: { x: number; y: number; anchor?: 'start' | 'end' },
): string {
  const end = anchor === 'end' ? ' text-anchor="end"' : '';
  return `<text x="${short(x)}" y="${short(y)}"${end}>${escaped(text)}</text>`;
}

export function rectangle({ x, y, width, height }: Box, fill: string, edge = EDGE): string {
  const place = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
  return `<rect ${place} fill="${fill}" stroke="${INK}" stroke-width="${edge}"/>`;
}

const short = (value: number): string => String(Math.round(value * 100) / 100);

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Labels come from the directory: nothing in them is markup, and signs that XML forbids become spaces. */
function escaped(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, ' ')
    .replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string);
}
