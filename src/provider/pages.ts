import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Deps } from '../deps.ts';
import type { Context } from '../http/context.ts';
import { showPage } from '../http/page.ts';
import type {
  ErrorPage,
  IntegratorErrorPage,
  LoggedOutPage,
  LogoutConfirmPage,
  OtherPersonPage,
} from '../http/pages.ts';
import { addressMistake, compareAddresses } from './address-mistake.ts';

type Out = { error: string; error_description?: string | undefined };

export type Pages = {
  error(ctx: KoaContextWithOIDC, out: Out, error: Error): void;
  logout(ctx: KoaContextWithOIDC, form: string): void;
  loggedOut(ctx: KoaContextWithOIDC): void;
  otherPerson(ctx: Context, page: OtherPersonPage): void;
};

/** The provider's own pages, in the place of the library's; none has a script or a style of its own in it. */
export function createPages(deps: Pick<Deps, 'render' | 'log'>): Pages {
  return {
    error(ctx, out, error) {
      const { requestId } = plain(ctx).state;
      if (out.error === 'server_error') return failure(deps, ctx, requestId);
      if (error instanceof errors.SessionNotFound) {
        const page: ErrorPage = { code: 'EC-400-LOST', status: 400, requestId, frame: null };
        return showPage(deps, plain(ctx), 'errors/error', page, 400);
      }
      const mistake = addressMistake(ctx);
      const page: IntegratorErrorPage = {
        code: 'EC-400-SERVICE',
        requestId,
        error: out.error,
        description: out.error_description ?? '',
        clientId: ctx.oidc.client?.clientId ?? null,
        address: mistake && compareAddresses(mistake),
      };
      showPage(deps, plain(ctx), 'oidc/integrator-error', page, ctx.status >= 400 ? ctx.status : 400);
    },
    logout(ctx, form) {
      const page: LogoutConfirmPage = { form, serviceName: ctx.oidc.client?.clientName ?? null };
      showPage(deps, plain(ctx), 'oidc/logout-confirm', page);
    },
    loggedOut(ctx) {
      const page: LoggedOutPage = { serviceName: ctx.oidc.client?.clientName ?? null };
      showPage(deps, plain(ctx), 'oidc/logged-out', page);
    },
    otherPerson(ctx, page) {
      showPage(deps, ctx, 'oidc/other-person', page);
    },
  };
}

function failure(deps: Pick<Deps, 'render'>, ctx: KoaContextWithOIDC, requestId: string): void {
  const page: ErrorPage = { code: 'EC-500-FAULT', status: 500, requestId, frame: null };
  showPage(deps, plain(ctx), 'errors/error', page, 500);
}

/** The same request as our own doors see it. */
function plain(ctx: KoaContextWithOIDC): Context {
  return ctx as unknown as Context;
}

/** The hidden form that the library would send by script: its button is on our page. */
export function logoutForm(action: string, xsrf: string): string {
  const escaped = action.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return `<form id="op.logoutForm" method="post" action="${escaped}"><input type="hidden" name="xsrf" value="${xsrf}"/></form>`;
}
