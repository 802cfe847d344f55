/** Pages shown at most: the first, the last and those around where one stands. */
const AROUND = 2;

/** Numbers of the pages to offer, ascending; a gap is where others are left out. */
export function pagesAround(current: number, pages: number): number[] {
  const all = Array.from({ length: pages }, (_, index) => index + 1);
  return all.filter((number) => number === 1 || number === pages || Math.abs(number - current) <= AROUND);
}
