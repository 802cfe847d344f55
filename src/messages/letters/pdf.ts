import {
  artifact,
  drawRuns,
  fillBars,
  forgetWords,
  openPdf,
  type Pdf,
  type Section,
} from '../print/document.ts';
import { layoutLetter } from './layout.ts';
import { COLOURS, type Memo, PAGE, type Piece, type TextPiece } from './pen.ts';
import { qrCode } from './qr.ts';
import type { LetterBlock } from './types.ts';

const FORGET_EVERY = 100;

export type LettersDocument = {
  /** The PDF as it grows; read it, or its pages pile up. */
  readonly stream: Pdf;
  /** Adds one page. @param title what the reader's outline calls it */
  addLetter(blocks: readonly LetterBlock[], title: string): void;
  /** Nothing can be added afterwards; the stream ends. */
  end(): void;
};

/** A tagged PDF 1.7 in French with embedded fonts, written page by page. */
export function openLettersDocument(info: { title: string; writtenAt: Date }): LettersDocument {
  const { stream, ruler, root } = openPdf(info);
  const memo: Memo = new Map();
  let letters = 0;
  return {
    stream,
    addLetter(blocks, title) {
      stream.addPage();
      const section = stream.struct('Sect', { title });
      root.add(section);
      drawBand(stream);
      for (const piece of layoutLetter(blocks, ruler, memo).pieces) draw(stream, section, piece);
      section.end();
      letters += 1;
      if (letters % FORGET_EVERY === 0) forgetWords(stream);
    },
    end() {
      root.end();
      stream.end();
    },
  };
}

function draw(document: Pdf, section: Section, piece: Piece): void {
  switch (piece.kind) {
    case 'text':
      section.add(document.struct(piece.tag, spokenIn(piece), [() => drawText(document, piece)]));
      return;
    case 'list':
      section.add(
        document.struct(
          'L',
          {},
          piece.items.map((item) => listItem(document, item)),
        ),
      );
      return;
    case 'qr':
      section.add(
        document.struct(
          'Figure',
          { alt: piece.alt, bbox: [piece.x, piece.y, piece.x + piece.size, piece.y + piece.size] } as object,
          [() => drawCode(document, piece)],
        ),
      );
      return;
    case 'frame':
      artifact(document, () => {
        document.roundedRect(piece.x, piece.y, piece.width, piece.height, piece.radius);
        if (piece.stroke) document.lineWidth(1.2).fillAndStroke(piece.fill, piece.stroke);
        else document.fill(piece.fill);
      });
      return;
    case 'mark':
      artifact(document, () => drawMark(document, piece));
      return;
  }
}

function listItem(document: Pdf, item: TextPiece) {
  if (item.bullet) {
    const { x, y, radius } = item.bullet;
    artifact(document, () => document.circle(x, y, radius).fill(COLOURS.accent));
  }
  return document.struct('LI', {}, [
    document.struct('LBody', spokenIn(item), [() => drawText(document, item)]),
  ]);
}

/** Readers speak it in its language. */
const spokenIn = ({ lang }: TextPiece) => (lang === undefined ? {} : { lang });

function drawText(document: Pdf, piece: TextPiece): void {
  for (const line of piece.lines) drawRuns(document, line, line);
}

export function drawCode(document: Pdf, piece: Extract<Piece, { kind: 'qr' }>): void {
  const code = qrCode(piece.url);
  fillBars(document, code.bars, { x: piece.x, y: piece.y, unit: piece.size / code.modules });
}

export function drawBand(document: Pdf): void {
  artifact(document, () => {
    document.rect(0, 0, PAGE.width, 9).fill(COLOURS.brand);
    document.rect(0, 9, PAGE.width, 2.2).fill(COLOURS.accent);
  });
}

/** The mark of the theme (assets/theme/images/mark.svg), 48 units wide. */
export function drawMark(document: Pdf, { x, y, size }: { x: number; y: number; size: number }): void {
  const amber = '#f2ab58';
  document
    .save()
    .translate(x, y)
    .scale(size / 48);
  document.roundedRect(0, 0, 48, 48, 13).fill(COLOURS.brand);
  document.circle(18.5, 15, 5.5).fill('#ffffff');
  document.lineWidth(4.5).lineCap('round');
  document.path('M8 36.5V33a10.5 10.5 0 0 1 17.6-7.7').stroke('#ffffff');
  document.circle(32, 23.5, 4.2).fill(amber);
  document.path('M24.5 37.5a7.5 7.5 0 0 1 15 0').stroke(amber);
  document.restore();
}
