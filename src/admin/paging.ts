/** Lists that are shown page by page. Pages count from 1. */

export type Paging = {
  page: number;
  pages: number;
  previousHref: string | null;
  nextHref: string | null;
};

/** A page number of an address: 1 unless it is one. */
export function pageNumber(typed: unknown): number {
  return typeof typed === 'string' && /^[1-9]\d{0,5}$/.test(typed) ? Number(typed) : 1;
}

export function pagingOf(page: number, pages: number, hrefOf: (page: number) => string): Paging {
  return {
    page,
    pages,
    previousHref: page > 1 ? hrefOf(page - 1) : null,
    nextHref: page < pages ? hrefOf(page + 1) : null,
  };
}

/** Which rows of a list a page has; one that is past the end is the last. */
export function rowsOfPage(asked: number, { total, rows }: { total: number; rows: number }) {
  const pages = Math.max(1, Math.ceil(total / rows));
  const page = Math.min(asked, pages);
  const offset = (page - 1) * rows;
  const range = { from: total === 0 ? 0 : offset + 1, to: Math.min(offset + rows, total), total };
  return { page, pages, offset, range };
}

/** Offered beside the one where one stands, on each side. */
const AROUND = 2;

/** Numbers of the pages to offer, ascending: the first, the last and those around; a gap is where others are left out. */
export function pagesAround(current: number, pages: number): number[] {
  const all = Array.from({ length: pages }, (_, index) => index + 1);
  return all.filter((number) => number === 1 || number === pages || Math.abs(number - current) <= AROUND);
}
