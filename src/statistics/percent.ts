/**
 * A share as the tables show it (R-162, R-163, X10): two decimals at most, halves up, no zeros at the end, a comma;
 * « 0 % » of nothing.
 */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  // Whole numbers only, so that no half is lost in a binary fraction.
  const hundredths = Math.floor((2 * part * 10_000 + whole) / (2 * whole));
  const decimals = String(hundredths % 100)
    .padStart(2, '0')
    .replace(/0+$/, '');
  const ones = Math.floor(hundredths / 100);
  return decimals === '' ? `${ones} %` : `${ones},${decimals} %`;
}
