import type { Deps } from '../deps.ts';
import type { Context } from './context.ts';
import { languageLinks, localeOf } from './language.ts';

/** Answers with a page of `views/`. A refused form answers 400 with the same page (contract). */
export function showPage(
  deps: Pick<Deps, 'render'>,
  ctx: Context,
  template: string,
  data: object,
  status = 200,
): void {
  ctx.status = status;
  ctx.body = renderFor(deps, ctx, template, data);
  ctx.type = 'html';
}

/** A page in the visitor's language, with the links to the others. */
export function renderFor(deps: Pick<Deps, 'render'>, ctx: Context, template: string, data: object): string {
  const locale = localeOf(ctx);
  ctx.set('Content-Language', locale);
  return deps.render(template, { languages: languageLinks(ctx), ...data }, { locale });
}

/** What the page that a form led to says has just been done: `?avis=` of its address, by the words that it knows. */
export function noticeOf<Notice>(ctx: Context, known: Readonly<Record<string, Notice>>): Notice | null {
  const { avis } = ctx.query;
  return typeof avis === 'string' && Object.hasOwn(known, avis) ? (known[avis] ?? null) : null;
}

/** After a form: 303, so that the browser never posts a password again elsewhere (B05). */
export function seeOther(ctx: Context, to: string): void {
  ctx.status = 303;
  ctx.redirect(to);
  ctx.body = '';
}
