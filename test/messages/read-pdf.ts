import { readFile } from 'node:fs/promises';
import { getDocument, OPS, type PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';

export type ReadPage = {
  /** The page's words in reading order, white space made single. */
  text: string;
  /** Roles of the structure tree, depth first. */
  roles: string[];
  /** Alternative texts of its figures. */
  alts: string[];
  /** The black squares of the code, as an image that a scanner reads; empty when codes were not asked for. */
  code: { data: Uint8ClampedArray; size: number };
};

export type ReadPdf = {
  pages: ReadPage[];
  marked: boolean;
  title: string;
  lang: string | null;
};

/** Reads a PDF again with another program than the one that wrote it. @param source its path, or its bytes */
export async function readPdf(source: string | Buffer, { codes = true } = {}): Promise<ReadPdf> {
  const task = getDocument({
    data: new Uint8Array(typeof source === 'string' ? await readFile(source) : source),
    verbosity: 0,
    useSystemFonts: false,
  });
  const pdf = await task.promise;
  const pages: ReadPage[] = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const content = await page.getTextContent();
    const parts = content.items.map((item) => ('str' in item ? item.str + (item.hasEOL ? ' ' : '') : ''));
    const { roles, alts } = flatten(await page.getStructTree());
    const code = codes ? await readCode(page) : { data: new Uint8ClampedArray(), size: 0 };
    pages.push({ text: parts.join('').replace(/\s+/g, ' '), roles, alts, code });
    page.cleanup();
  }
  const mark = (await pdf.getMarkInfo()) as { Marked?: boolean } | null;
  const { info } = await pdf.getMetadata();
  const { Title = '', Language = null } = info as { Title?: string; Language?: string | null };
  await task.destroy();
  return { pages, marked: mark?.Marked === true, title: Title, lang: Language };
}

type Node = { role?: string; alt?: string; children?: Node[] };

function flatten(tree: unknown): { roles: string[]; alts: string[] } {
  const roles: string[] = [];
  const alts: string[] = [];
  const visit = (node: Node | null) => {
    if (node?.role) roles.push(node.role);
    if (node?.alt) alts.push(node.alt);
    for (const child of node?.children ?? []) visit(child);
  };
  visit(tree as Node | null);
  return { roles, alts };
}

/** The largest path of a page is the code: its bars, painted on a raster of eight points a module or so. */
async function readCode(page: PDFPageProxy): Promise<{ data: Uint8ClampedArray; size: number }> {
  const list = await page.getOperatorList();
  let bars: Bar[] = [];
  for (const [index, operator] of list.fnArray.entries()) {
    if (operator !== OPS.constructPath) continue;
    const found = rectangles(list.argsArray[index]);
    if (found.length > bars.length) bars = found;
  }
  return raster(bars);
}

type Bar = { x: number; y: number; width: number; height: number };

/** A path is a flat list: 0 x y (move), 1 x y (line), 4 (close); a rectangle is four corners. */
function rectangles(argument: unknown): Bar[] {
  const path = (argument as [number, [ArrayLike<number> | null]])[1][0];
  const bars: Bar[] = [];
  let corners: [number, number][] = [];
  for (let at = 0; path !== null && at < path.length; ) {
    const kind = path[at];
    if (kind === 4) {
      const xs = corners.map(([x]) => x);
      const ys = corners.map(([, y]) => y);
      const [left, top] = [Math.min(...xs), Math.min(...ys)];
      bars.push({ x: left, y: top, width: Math.max(...xs) - left, height: Math.max(...ys) - top });
      corners = [];
      at += 1;
    } else if (kind === 0 || kind === 1) {
      corners.push([path[at + 1] ?? 0, path[at + 2] ?? 0]);
      at += 3;
    } else return [];
  }
  return bars;
}

function raster(bars: readonly Bar[]): { data: Uint8ClampedArray; size: number } {
  const module = Math.min(...bars.map((bar) => bar.height));
  const left = Math.min(...bars.map((bar) => bar.x));
  const top = Math.min(...bars.map((bar) => bar.y));
  const pixels = 4;
  const quiet = 4;
  const modules = Math.round((Math.max(...bars.map((bar) => bar.y + bar.height)) - top) / module);
  const size = (modules + 2 * quiet) * pixels;
  const data = new Uint8ClampedArray(size * size * 4).fill(255);
  for (const bar of bars) {
    const [x, y, width] = [(bar.x - left) / module, (bar.y - top) / module, bar.width / module].map(
      Math.round,
    );
    for (let row = 0; row < pixels; row += 1) {
      for (let column = 0; column < (width ?? 0) * pixels; column += 1) {
        const at = ((((y ?? 0) + quiet) * pixels + row) * size + ((x ?? 0) + quiet) * pixels + column) * 4;
        data.fill(0, at, at + 3);
      }
    }
  }
  return { data, size };
}
