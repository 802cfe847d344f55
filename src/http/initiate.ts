import type { Config } from '../config.ts';

/** Where a sign-in begins at a service: initiated by a third party (OpenID Connect Core 1.0, section 4). */
export function initiateHref(config: Pick<Config, 'issuer'>, service: { initiateLoginUri: string }): string {
  const url = new URL(service.initiateLoginUri);
  url.searchParams.set('iss', config.issuer);
  return url.href;
}
