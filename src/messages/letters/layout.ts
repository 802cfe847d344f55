import { children, credentials, footer, frame, header, paragraph, steps } from './parts.ts';
import { COLOURS, type LaidOut, MARGIN, type Memo, type Pen, type Style, type Tools, WIDTH } from './pen.ts';
import type { Ruler } from './runs.ts';
import type { LetterBlock } from './types.ts';

const STYLES: Record<
  'attention' | 'reference' | 'h1' | 'h2' | 'p' | 'note' | 'small' | 'signature',
  Style & { before: number; after: number }
> = {
  attention: { size: 12.5, bold: true, before: 20, after: 2 },
  reference: { size: 9.5, colour: COLOURS.soft, before: 0, after: 0 },
  h1: { size: 18.5, bold: true, colour: COLOURS.brand, leading: 1.24, tag: 'H1', before: 17, after: 11 },
  h2: { size: 13, bold: true, colour: COLOURS.brand, tag: 'H2', before: 0, after: 5 },
  p: { size: 10.7, before: 0, after: 7 },
  note: { size: 10, before: 0, after: 6 },
  small: { size: 9.6, colour: COLOURS.soft, before: 2, after: 6 },
  signature: { size: 11, bold: true, align: 'right', before: 2, after: 8 },
};

/** How much smaller the letter gets from one attempt to the next. */
const STEP = 0.96;
/** Gaps may grow by this much on a page with room. */
const LOOSEST = 1.35;

/**
 * Sets a letter on one page, whatever it holds: everything shrinks step by step until it fits (R-120, one page an
 * account). Pure: the same blocks and the same ruler give the same page.
 */
export function layoutLetter(blocks: readonly LetterBlock[], ruler: Ruler, memo: Memo = new Map()): LaidOut {
  const tools = { ruler, memo };
  for (let scale = 1; ; scale *= STEP) {
    const page = attempt(blocks, tools, scale, 1);
    if (page.bottom > page.limit) continue;
    return page.bottom < page.limit - 12 ? loosen(blocks, tools, scale, page) : page;
  }
}

type Attempt = LaidOut & { limit: number; gaps: number };

/** Spreads what room is left over the gaps, so that a short letter does not hang from the top of its page. */
function loosen(blocks: readonly LetterBlock[], tools: Tools, scale: number, tight: Attempt): Attempt {
  const looseness = Math.min(LOOSEST, 1 + (tight.limit - tight.bottom - 12) / tight.gaps);
  const page = attempt(blocks, tools, scale, looseness);
  return page.bottom <= page.limit ? page : tight;
}

function attempt(blocks: readonly LetterBlock[], tools: Tools, scale: number, looseness: number): Attempt {
  const pen: Pen = { ...tools, scale, y: MARGIN.top, pieces: [] };
  let gaps = 0;
  const gap = (points: number) => {
    gaps += points * scale;
    pen.y += points * scale * looseness;
  };
  header(pen, blocks);
  for (const block of blocks) {
    switch (block.kind) {
      case 'sender':
      case 'footer':
        break;
      case 'rule':
        gap(4);
        pen.pieces.push(frame({ x: MARGIN.side, y: pen.y, width: WIDTH }, 0.8, 0, COLOURS.line));
        gap(14);
        break;
      case 'list':
        children(pen, block.items);
        gap(10);
        break;
      case 'steps':
        steps(pen, block.items, block.lang);
        gap(4);
        break;
      case 'credentials':
        gap(2);
        credentials(pen, block);
        gap(14);
        break;
      default: {
        const style = STYLES[block.kind];
        gap(style.before);
        paragraph(pen, block.spans, { ...style, lang: block.lang });
        gap(style.after);
      }
    }
  }
  const limit = footer(pen, blocks);
  return { pieces: pen.pieces, scale, bottom: pen.y, limit, gaps };
}
