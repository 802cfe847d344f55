import type { AdapterFactory, Configuration, JWK, KoaContextWithOIDC } from 'oidc-provider';
import { interactionPolicy } from 'oidc-provider';
import { errorPage, signedOutPage } from './academic-portal-pages.ts';
import type { PortalPerson } from './academic-portal-people.ts';

/** The portal as a configuration of oidc-provider. */

export type PortalClient = {
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  postLogoutRedirectUri: string;
};

const RIGHTS = ['FrEduFonctAdm', 'FrEduRneResp', 'FrEduResDel'];

type Parts = {
  client: PortalClient | null;
  keys: JWK[];
  cookieKeys: string[];
  adapter: AdapterFactory;
  personOf(login: string): PortalPerson | undefined;
};

export function portalRules({ client, keys, cookieKeys, adapter, personOf }: Parts): Configuration {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true } as const;
  return {
    adapter,
    jwks: { keys },
    clients: client ? [registered(client)] : [],
    findAccount: (_ctx, login) => accountOf(login, personOf(login)),
    loadExistingGrant,
    issueRefreshToken: async () => true,
    interactions: { policy, url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: {
      names: { session: 'portail_session', interaction: 'portail_interaction', resume: 'portail_resume' },
      keys: cookieKeys,
      long: cookie,
      short: cookie,
    },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time'],
      profile: ['given_name', 'family_name', ...RIGHTS],
      email: ['email', 'email_verified'],
    },
    acrValues: ['https://refeds.org/profile/mfa'],
    responseTypes: ['code'],
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(out.error, out.error_description ?? '');
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        // Whoever pressed « Se déconnecter » at an application is not asked again.
        logoutSource: (ctx, form) => {
          ctx.body = leavingPage(form);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = signedOutPage();
        },
      },
    },
    ttl: {
      AuthorizationCode: 60,
      AccessToken: 300,
      IdToken: 300,
      Grant: 28_800,
      Interaction: 1800,
      Session: 28_800,
      RefreshToken: 28_800,
    },
  };
}

const registered = ({ clientId, clientSecret, redirectUri, postLogoutRedirectUri }: PortalClient) => ({
  client_id: clientId,
  client_secret: clientSecret,
  client_name: 'ÉduConnect',
  redirect_uris: [redirectUri],
  post_logout_redirect_uris: [postLogoutRedirectUri],
  response_types: ['code' as const],
  grant_types: ['authorization_code', 'refresh_token'],
});

function accountOf(login: string, person: PortalPerson | undefined) {
  if (person === undefined) return undefined;
  return {
    accountId: login,
    claims: async () => ({
      sub: login,
      given_name: person.givenName,
      family_name: person.familyName,
      email: person.email,
      email_verified: true,
      ...person.rights,
    }),
  };
}

/** All applications of the portal are the académie's own. */
async function loadExistingGrant(ctx: KoaContextWithOIDC) {
  const { client, session, provider, requestParamOIDCScopes } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '));
  await grant.save();
  return grant;
}

/** Goes on by itself; by hand without script. */
function leavingPage(form: string): string {
  const complete = form.replace('</form>', '<input type="hidden" name="logout" value="yes"></form>');
  return `<!doctype html><html lang="fr"><meta charset="utf-8"><title>Déconnexion</title>${complete}
<button form="op.logoutForm">Continuer</button><script>document.getElementById("op.logoutForm").submit()</script></html>`;
}
