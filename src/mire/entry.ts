import type { Config } from '../config.ts';
import type { Context } from '../http/context.ts';
import { showPage } from '../http/page.ts';
import type { PageFrame } from './pages.ts';
import type { Service } from './types.ts';
import type { Mire } from './visit.ts';

/** `mire/services`: which service to begin with. `identifier` is kept by each link. */
export type ServicesPage = PageFrame & {
  identifier: string | null;
  services: { name: string; href: string }[];
};

const IDENTIFIER = /^[A-Za-z0-9.-]{1,90}$/;

/**
 * GET / and GET /connexion?identifiant=: somebody who comes by himself, or by the QR code of the school's letter.
 * A sign-in belongs to a service, so he chooses one; it begins there, with the identifier filled in.
 */
export async function showEntry({ deps, host }: Mire, ctx: Context): Promise<void> {
  const { identifiant } = ctx.query;
  const identifier = typeof identifiant === 'string' && IDENTIFIER.test(identifiant) ? identifiant : null;
  const services = (await host.services()).map((service) => ({
    name: service.name,
    href: initiateHref(deps.config, service, identifier),
  }));
  const page: ServicesPage = { identifier, services };
  showPage(deps, ctx, 'mire/services', page);
}

/** Initiating login from a third party (OpenID Connect Core 1.0, section 4). */
export function initiateHref(
  config: Pick<Config, 'issuer'>,
  service: Service,
  identifier: string | null,
): string {
  const url = new URL(service.initiateLoginUri);
  url.searchParams.set('iss', config.issuer);
  if (identifier !== null) url.searchParams.set('login_hint', identifier);
  return url.href;
}
