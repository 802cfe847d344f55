import type { Context } from '../http/context.ts';
import { isChosenNow } from '../http/language.ts';
import { showPage } from '../http/page.ts';
import { frameOf } from './frame.ts';
import type { LanguagePage } from './pages.ts';
import type { AccountDoor, AccountRoute } from './types.ts';

/** GET /compte/langue: in which language the pages, the letters and the messages speak to this person. */
function showLanguage(door: AccountDoor, ctx: Context): void {
  const page: LanguagePage = { frame: frameOf(door, ctx), kept: isChosenNow(ctx) };
  showPage(door.deps, ctx, 'account/language', page);
}

export const LANGUAGE_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: '/compte/langue', needs: 'session', handle: showLanguage },
];
