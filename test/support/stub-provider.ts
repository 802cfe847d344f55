import type { ProviderParts } from '../../src/app.ts';
import type { Interaction } from '../../src/mire/types.ts';

export type StubProvider = ProviderParts & {
  /** The sign-ins under way, by uid; the cookie that binds them to a browser is left out. */
  interactions: Map<string, Interaction>;
  finished: { uid: string; accountPublicId: string }[];
};

/** A provider with sign-ins under way and nothing else, for tests of the ground. */
export function stubProvider(): StubProvider {
  const interactions = new Map<string, Interaction>();
  const finished: StubProvider['finished'] = [];
  const uidOf = (path: string) => /^\/interaction\/([^/]+)/.exec(path)?.[1] ?? '';
  const ent = { clientId: 'ent', name: 'ENT Exemple', initiateLoginUri: 'https://ent.example.test/login' };
  const host: StubProvider['host'] = {
    details: async (ctx) => interactions.get(uidOf(ctx.path)) ?? null,
    finish: async (ctx, { accountPublicId }) => {
      finished.push({ uid: uidOf(ctx.path), accountPublicId });
      return 'https://ent.example.test/callback';
    },
    abort: async () => 'https://ent.example.test/callback?error=access_denied',
    endSession: async () => {},
    signOut: async (_ctx, _uid, next) => next,
    keepFranceConnect: async () => {},
    afterFranceConnect: async () => null,
    extend: async () => {},
    service: async (clientId) => (clientId === ent.clientId ? ent : null),
    ownAuthorizationPath: () => '/oidc/auth',
    redeem: async () => null,
    touch: async () => {},
    sessionsOf: async () => [],
    endOneSession: async () => null,
    endSessionsOf: async () => async () => {},
    servicesOfSchools: async () => [],
  };
  return { host, interactions, finished, app: (_ctx, next) => next() };
}

export function anInteraction(uid: string): Interaction {
  return {
    uid,
    prompt: 'login',
    reasons: ['no_session'],
    clientId: 'ent',
    clientName: 'ENT Exemple',
    expiresAt: new Date('2026-11-22T09:00:00.000Z'),
  };
}
