import type { Deps } from '../deps.ts';
import type { Context } from '../http/context.ts';
import { showPage } from '../http/page.ts';
import type { LegalPage } from './pages.ts';

const DAYS_A_MONTH = 30;

/** The pages of the footer, by their address. */
export const INFORMATION = ['aide', 'accessibilite', 'mentions-legales', 'donnees-personnelles'] as const;

export function showInformation(
  deps: Deps,
  ctx: Context,
  name: (typeof INFORMATION)[number] | 'aide-connexion',
): void {
  const { config } = deps;
  const page: LegalPage = {
    assistance: { text: config.ASSISTANCE_TEXT, url: config.ASSISTANCE_URL ?? null },
    provisionalMonths: Math.round(config.PROVISIONAL_VALID_DAYS / DAYS_A_MONTH),
    activationDays: config.ACTIVATION_LINK_VALID_DAYS,
  };
  showPage(deps, ctx, `legal/${name}`, page);
}
