import { peekLink } from '../codes/links.ts';
import { freezeByLink } from '../enrolment/freeze.ts';
import { type Context, visitor } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/page.ts';
import { linkBinding, tokenOf } from './activation-link.ts';
import type { NotMeDonePage, NotMePage, NotMeRefusedPage } from './recovery-pages.ts';
import type { Mire } from './visit.ts';

/** GET /ce-n-est-pas-moi/:token: what it would do, and a button. It does nothing, any number of times. */
export async function showNotMe(mire: Mire, ctx: Context): Promise<void> {
  const { deps } = mire;
  const check = await peekLink(deps, tokenOf(ctx));
  if (check.link?.purpose !== 'not-me') return refuse(mire, ctx, 'unknown');
  if (!check.ok) return refuse(mire, ctx, check.reason);
  const page: NotMePage = {
    action: `/ce-n-est-pas-moi/${encodeURIComponent(tokenOf(ctx))}`,
    csrf: csrfToken(deps.config, linkBinding(ctx)),
  };
  showPage(deps, ctx, 'not-me/confirm', page);
}

/** POST /ce-n-est-pas-moi/:token: the account is frozen (decision 4). */
export async function takeNotMe(mire: Mire, ctx: Context): Promise<void> {
  const result = await freezeByLink(mire.deps, tokenOf(ctx), visitor(ctx));
  if (!result.ok) return refuse(mire, ctx, result.reason);
  const page: NotMeDonePage = {};
  showPage(mire.deps, ctx, 'not-me/done', page);
}

function refuse({ deps }: Mire, ctx: Context, reason: NotMeRefusedPage['reason']): void {
  const page: NotMeRefusedPage = { reason };
  showPage(deps, ctx, 'not-me/refused', page, 400);
}
