import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Deps } from '../../deps.ts';
import { drawCode, drawMark } from '../letters/pdf.ts';
import { COLOURS, type Pen, type Style, type TextPiece, text } from '../letters/pen.ts';
import type { Ruler } from '../letters/runs.ts';
import type { Span } from '../letters/types.ts';
import { A4, artifact, drawRuns, openPdf, type Pdf, type Section } from '../print/document.ts';
import { type Element, elementsOf, parseMarkup, printableText, proseOf } from '../print/markup.ts';
import { familyFacts, type SpeakingSchool } from './message.ts';

const SIDE = 46;
const WIDTH = A4.width - 2 * SIDE;
const HEAD = 116;
const CODE = 112;
const FOOT = A4.height - 34;
/** Where the letters begin to shrink from, and by how much at a time. */
const LARGEST = 1.1;
const STEP = 0.97;

type Placed =
  | { kind: 'text'; tag: 'H1' | 'H2' | 'P' | 'LI'; piece: TextPiece }
  | { kind: 'box'; x: number; y: number; width: number; height: number; fill: string; stroke?: string }
  | { kind: 'code'; x: number; y: number; size: number };

/** Writes the flyer for families: one page with the three ways in and a code that opens their help. */
export async function writeFlyerPdf(
  deps: Pick<Deps, 'render' | 'config' | 'clock'>,
  school: SpeakingSchool,
  sink: Writable,
): Promise<void> {
  const facts = familyFacts(deps, school);
  const flyer = parseMarkup(deps.render('messages/flyer', facts));
  const title = `EduConnect - dépliant pour les familles - ${school.name}`;
  const { stream: document, ruler, root } = openPdf({ title, writtenAt: deps.clock.now() });
  const done = pipeline(document, sink);
  // Awaited below.
  done.catch(() => {});
  document.addPage();
  const section = document.struct('Sect');
  root.add(section);
  drawHead(document);
  for (const placed of layoutFlyer(flyer, school, ruler)) draw(document, section, placed, facts.helpUrl);
  section.end();
  root.end();
  document.end();
  await done;
}

/** Shrinks step by step until it fits on its page. */
function layoutFlyer(flyer: Element, school: SpeakingSchool, ruler: Ruler): Placed[] {
  const memo = new Map();
  for (let scale = LARGEST; ; scale *= STEP) {
    const pen: Pen = { ruler, memo, scale, y: 0, pieces: [] };
    const placed: Placed[] = [];
    head({ ...pen, scale: 1 }, placed, flyer, school);
    pen.y = HEAD + 20;
    put(pen, placed, 'P', proseOf(one(flyer, 'lead')), { size: 11.6, leading: 1.45 });
    pen.y += 12 * scale;
    for (const [index, way] of elementsOf(flyer, 'way').entries()) drawWay(pen, placed, way, index + 1);
    scan(pen, placed, one(flyer, 'scan'));
    for (const paragraph of elementsOf(one(flyer, 'more')))
      put(pen, placed, 'P', proseOf(paragraph), { size: 9.8, colour: COLOURS.soft });
    if (pen.y <= FOOT) return placed;
  }
}

function one(element: Element, name: string): Element {
  const [found] = elementsOf(element, name);
  if (found === undefined) throw new Error(`the flyer needs <${name}>`);
  return found;
}

function put(
  pen: Pen,
  placed: Placed[],
  tag: 'H1' | 'H2' | 'P' | 'LI',
  spans: readonly Span[],
  style: Style,
  box: { x: number; width: number } = { x: SIDE, width: WIDTH },
): void {
  const { piece, height } = text(pen, spans, style, { ...box, y: pen.y });
  placed.push({ kind: 'text', tag, piece });
  pen.y += height;
}

const plain = (words: string): Span[] => [{ text: printableText(words), bold: false }];

function head(pen: Pen, placed: Placed[], flyer: Element, school: SpeakingSchool): void {
  const colour = COLOURS.white;
  pen.y = 24;
  put(pen, placed, 'P', plain('EduConnect'), { size: 19, bold: true, colour }, { x: SIDE + 50, width: 160 });
  const place = [school.name, school.town].filter(Boolean).join(' - ');
  pen.y = 29;
  const beside = { x: SIDE + 200, width: WIDTH - 200 };
  put(pen, placed, 'P', plain(place), { size: 10.5, bold: true, colour, align: 'right' }, beside);
  pen.y = 72;
  put(pen, placed, 'H1', proseOf(one(flyer, 'title')), { size: 18.6, bold: true, colour });
}

function drawWay(pen: Pen, placed: Placed[], way: Element, number: number): void {
  const { title = '', advice = '' } = way.attributes;
  const top = pen.y;
  const at = placed.length;
  const inner = { x: SIDE + 54, width: WIDTH - 70 };
  pen.y += 11 * pen.scale;
  const name: Span[] = [{ text: title, bold: true }];
  if (advice !== '') name.push({ text: `  -  ${advice}`, bold: false });
  put(pen, placed, 'H2', name, { size: 13.5, colour: COLOURS.brand }, inner);
  pen.y += 3 * pen.scale;
  for (const step of elementsOf(way)) {
    const bullet = text(
      pen,
      plain('•'),
      { size: 11, colour: COLOURS.accent, bold: true },
      { ...inner, y: pen.y },
    );
    placed.push({ kind: 'text', tag: 'LI', piece: bullet.piece });
    put(
      pen,
      placed,
      'LI',
      proseOf(step),
      { size: 10.6, leading: 1.42 },
      { x: inner.x + 13, width: inner.width - 13 },
    );
    pen.y += 2 * pen.scale;
  }
  pen.y += 9 * pen.scale;
  const height = pen.y - top;
  const box: Placed = {
    kind: 'box',
    x: SIDE,
    y: top,
    width: WIDTH,
    height,
    fill: COLOURS.white,
    stroke: COLOURS.line,
  };
  const ground: Placed = { kind: 'box', x: SIDE, y: top, width: 40, height, fill: COLOURS.tint };
  const figure = text(
    pen,
    plain(String(number)),
    { size: 22, bold: true, colour: COLOURS.brand, align: 'centre' },
    { x: SIDE, y: top + 8 * pen.scale, width: 40 },
  );
  placed.splice(at, 0, box, ground, { kind: 'text', tag: 'P', piece: figure.piece });
  pen.y += 10 * pen.scale;
}

/** The code to scan, and what it opens. */
function scan(pen: Pen, placed: Placed[], element: Element): void {
  const top = pen.y + 4;
  const height = CODE + 28;
  const inner = { x: SIDE + CODE + 40, width: WIDTH - CODE - 56 };
  placed.push(
    { kind: 'box', x: SIDE, y: top, width: WIDTH, height, fill: COLOURS.tint },
    { kind: 'box', x: SIDE + 10, y: top + 8, width: CODE + 12, height: CODE + 12, fill: COLOURS.white },
    { kind: 'code', x: SIDE + 16, y: top + 14, size: CODE },
  );
  pen.y = top + 16;
  const { title = '' } = element.attributes;
  put(pen, placed, 'H2', plain(title), { size: 14, bold: true, colour: COLOURS.brand }, inner);
  pen.y += 4;
  for (const paragraph of elementsOf(element)) {
    put(pen, placed, 'P', proseOf(paragraph), { size: 11.2 }, inner);
    pen.y += 4;
  }
  pen.y = Math.max(top + height, pen.y) + 12;
}

function draw(document: Pdf, section: Section, placed: Placed, helpUrl: string): void {
  switch (placed.kind) {
    case 'text': {
      const { tag, piece } = placed;
      const words = () => {
        for (const line of piece.lines) drawRuns(document, line, line);
      };
      section.add(document.struct(tag === 'LI' ? 'P' : tag, {}, [words]));
      return;
    }
    case 'box': {
      const { x, y, width, height, fill, stroke } = placed;
      artifact(document, () => {
        document.roundedRect(x, y, width, height, 8);
        if (stroke) document.lineWidth(1).fillAndStroke(fill, stroke);
        else document.fill(fill);
      });
      return;
    }
    case 'code': {
      const { x, y, size } = placed;
      const alt = `Code QR : ouvre l'aide aux familles, ${helpUrl}`;
      const figure = { alt, bbox: [x, y, x + size, y + size] } as object;
      section.add(
        document.struct('Figure', figure, [
          () => drawCode(document, { kind: 'qr', x, y, size, url: helpUrl, alt }),
        ]),
      );
      return;
    }
  }
}

function drawHead(document: Pdf): void {
  artifact(document, () => {
    document.rect(0, 0, A4.width, HEAD).fill(COLOURS.brand);
    document.rect(0, HEAD, A4.width, 4).fill(COLOURS.accent);
    document.roundedRect(SIDE - 3, 17, 44, 44, 12).fill(COLOURS.white);
  });
  artifact(document, () => drawMark(document, { x: SIDE, y: 20, size: 38 }));
}
