import qrcode from 'qrcode';

export type Bar = { x: number; y: number; width: number };
/** `bars`: runs of dark modules, one module high. */
export type QrCode = { modules: number; bars: Bar[] };

/**
 * The code of an address, correction level M, as bars that a PDF fills in one path. An address is one run of bytes, and
 * scanners read any mask: to look for the best of both would cost more than to set the page.
 */
export function qrCode(url: string): QrCode {
  const bytes = [{ data: Buffer.from(url), mode: 'byte' as const }];
  const { modules } = qrcode.create(bytes, { errorCorrectionLevel: 'M', maskPattern: 3 });
  const bars: Bar[] = [];
  for (let y = 0; y < modules.size; y += 1) {
    let start: number | undefined;
    for (let x = 0; x <= modules.size; x += 1) {
      const dark = x < modules.size && modules.get(y, x) !== 0;
      if (dark) start ??= x;
      else if (start !== undefined) {
        bars.push({ x: start, y, width: x - start });
        start = undefined;
      }
    }
  }
  return { modules: modules.size, bars };
}
