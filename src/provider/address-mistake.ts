import type { KoaContextWithOIDC } from 'oidc-provider';
import type { AddressComparison, AddressPiece } from '../http/pages.ts';

/** The commonest mistake of an integrator: an address of his service that is not registered, letter by letter. */
export type AddressMistake = {
  kind: 'redirect' | 'post-logout';
  received: string;
  registered: readonly string[];
};

/** @returns null when the service is not known, or the address that it gave is registered or missing */
export function addressMistake({ oidc }: KoaContextWithOIDC): AddressMistake | null {
  const { client, params, route } = oidc ?? {};
  if (!client) return null;
  const leaving = route === 'end_session';
  const received = leaving ? params?.post_logout_redirect_uri : params?.redirect_uri;
  const registered = (leaving ? client.postLogoutRedirectUris : client.redirectUris) ?? [];
  if (typeof received !== 'string' || received === '' || registered.includes(received)) return null;
  return { kind: leaving ? 'post-logout' : 'redirect', received, registered };
}

/** As much of an address as is shown or logged. */
const SHOWN = 300;

/**
 * What the page shows of the mistake. Anybody who has seen a sign-in knows the service's id, and the page is there for
 * anybody who follows a link: of what is registered it shows the one address that is nearest, and that only where its
 * host is the one that was asked for. Whoever asks knows that host already, and each sign-in shows him the rest in his
 * browser; test machines and other hosts of the service stay unknown. The log has all.
 */
export function compareAddresses({ kind, received, registered }: AddressMistake): AddressComparison {
  const host = hostOf(received);
  const [nearest] = registered
    .filter((address) => host !== null && hostOf(address) === host)
    .sort((a, b) => alike(received, b) - alike(received, a));
  if (nearest === undefined)
    return {
      kind,
      received: [{ text: visible(received), differs: false }],
      registered: null,
      differsAt: null,
    };
  const begin = commonStart(received, nearest);
  const end = commonEnd(received, nearest, begin);
  return {
    kind,
    received: pieces(received, begin, end),
    registered: pieces(nearest, begin, end),
    differsAt: begin + 1,
  };
}

/** The mistake for the log: the operator, who is given the reference, sees what the page keeps back. */
export function loggedMistake({ kind, received, registered }: AddressMistake) {
  // Whatever a query or a fragment carries is somebody's, and none of ours.
  return { kind, received: visible(received.split(/[?#]/)[0] ?? ''), registered: registered.slice(0, 10) };
}

function hostOf(address: string): string | null {
  return URL.canParse(address) ? new URL(address).hostname : null;
}

function alike(a: string, b: string): number {
  const begin = commonStart(a, b);
  return begin + commonEnd(a, b, begin);
}

function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}

function commonEnd(a: string, b: string, from: number): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) - from && a.at(-1 - length) === b.at(-1 - length)) length += 1;
  return length;
}

function pieces(address: string, begin: number, end: number): AddressPiece[] {
  const parts: [string, boolean][] = [
    [address.slice(0, begin), false],
    [address.slice(begin, address.length - end), true],
    [address.slice(address.length - end), false],
  ];
  return parts.filter(([text]) => text !== '').map(([text, differs]) => ({ text: visible(text), differs }));
}

/** Letters that look like others, spaces and marks that turn the text around are written out. */
function visible(text: string): string {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return cut.replace(/[^\x21-\x7e…]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}
