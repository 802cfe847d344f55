import type { Context } from '../../http/context.ts';

/** Where a list stands that is shown page by page: `?page=2`. */
export function pageAt(ctx: Context, here: string, { total, rows }: { total: number; rows: number }) {
  const last = Math.max(1, Math.ceil(total / rows));
  const asked =
    typeof ctx.query.page === 'string' && /^\d{1,6}$/.test(ctx.query.page) ? Number(ctx.query.page) : 1;
  const page = Math.min(Math.max(1, asked), last);
  const offset = (page - 1) * rows;
  const href = (number: number) => (number === 1 ? here : `${here}?page=${number}`);
  return {
    offset,
    range: { from: total === 0 ? 0 : offset + 1, to: Math.min(offset + rows, total) },
    previousHref: page > 1 ? href(page - 1) : null,
    nextHref: page < last ? href(page + 1) : null,
  };
}
