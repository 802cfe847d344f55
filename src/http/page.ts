import type { Deps } from '../deps.ts';
import type { Context } from './context.ts';

/** Answers with a page of `views/`. A refused form answers 400 with the same page (contract). */
export function showPage(
  deps: Pick<Deps, 'render'>,
  ctx: Context,
  template: string,
  data: object,
  status = 200,
): void {
  ctx.body = deps.render(template, data);
  ctx.type = 'html';
  ctx.status = status;
}

/** After a form: 303, so that the browser never posts a password again elsewhere (B05). */
export function seeOther(ctx: Context, to: string): void {
  ctx.status = 303;
  ctx.redirect(to);
  ctx.body = '';
}
