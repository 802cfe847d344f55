import type { Theme } from './html.ts';

export type ServiceSettings = {
  kind: 'ent' | 'lsu';
  theme: Theme;
  /** What it calls the cookie that carries its session. */
  cookieName: string;
  /** Address of its own, without a slash at the end. */
  origin: string;
  issuer: string;
  clientId: string;
  clientSecret: string;
  scope: string;
  /** Where « Se connecter » leads to when somebody is in. */
  connectedSentence: string;
};

/** What has to be found again when the browser comes back. */
export type Pending = { state: string; nonce: string; codeVerifier: string };

export type Person = {
  claims: Record<string, unknown>;
  idToken: string;
  sub: string;
  sid: string | undefined;
};

/** What a service remembers of a browser: who is there, and the sign-ins under way (one a tab). */
export type Visit = { pending?: (Pending & { until: number })[]; person?: Person };
