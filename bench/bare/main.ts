/**
 * The bare library: `oidc-provider` with an adapter on MariaDB, its defaults, one login page and the way to skip the
 * consent of first-party services that its documentation gives. Settings come as one JSON argument.
 */
import { generateKeyPairSync } from 'node:crypto';
import Router from '@koa/router';
import { createPool } from 'mysql2/promise';
import { type Configuration, type JWK, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { checkPassword, findAccount } from './account.ts';
import { createBareAdapter, TABLE } from './adapter.ts';

export type BareSettings = {
  port: number;
  databaseUrl: string;
  clients: { client_id: string; client_secret: string; redirect_uris: string[]; grant_types: string[] }[];
  /** As ours: a refresh token is good for once. The library's default lets a confidential client keep it. */
  rotate: boolean;
  /** The login page is made as long as ours. */
  pageBytes: number;
};

const CLAIMS = {
  profile: ['given_name', 'family_name', 'name'],
  email: ['email', 'email_verified'],
  educonnect: ['FrEduCtPersonAffiliation'],
  educonnect_ref: ['FrEduCtRefId'],
  educonnect_eleves: ['FrEduVecteur', 'eleves'],
};

const settings = JSON.parse(process.argv[2] ?? '{}') as BareSettings;
const pool = createPool({ uri: settings.databaseUrl, connectionLimit: 10, timezone: 'Z' });
await pool.query(TABLE);
const issuer = `http://localhost:${settings.port}`;
const provider = new Provider(issuer, configuration());
provider.use(interactions().routes());
const server = provider.listen(settings.port, '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void pool.end();
});

function configuration(): Configuration {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  return {
    adapter: createBareAdapter(pool),
    clients: settings.clients,
    jwks: { keys: [{ ...(jwk as JWK), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['cookie key of the bench'] },
    claims: CLAIMS,
    findAccount: (_ctx, id) => findAccount(pool, id),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: { devInteractions: { enabled: false } },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    loadExistingGrant,
    ...(settings.rotate && { rotateRefreshToken: () => true }),
  };
}

/** The documentation's recipe « Skipping consent screen ». */
async function loadExistingGrant(ctx: KoaContextWithOIDC) {
  const { client, session, account, result, provider: own } = ctx.oidc;
  if (!client || !session) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  if (grantId) {
    const grant = await own.Grant.find(grantId);
    if (grant && account && (grant.exp ?? 0) < (session.exp ?? 0)) {
      grant.exp = session.exp;
      await grant.save();
    }
    return grant;
  }
  const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(`openid offline_access ${Object.keys(CLAIMS).join(' ')}`);
  await grant.save();
  return grant;
}

function interactions(): Router {
  const router = new Router();
  router.get('/interaction/:uid', async (ctx) => {
    const { uid, params } = await provider.interactionDetails(ctx.req, ctx.res);
    ctx.type = 'html';
    ctx.body = loginPage(uid, String(params.client_id));
  });
  router.post('/interaction/:uid/login', async (ctx) => {
    await provider.interactionDetails(ctx.req, ctx.res);
    const chunks: Buffer[] = [];
    for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    const accountId = await checkPassword(pool, form.get('identifier') ?? '', form.get('password') ?? '');
    if (accountId === null) {
      ctx.status = 400;
      ctx.body = 'wrong';
      return;
    }
    ctx.status = 303;
    ctx.redirect(
      await provider.interactionResult(
        ctx.req,
        ctx.res,
        { login: { accountId } },
        { mergeWithLastSubmission: false },
      ),
    );
  });
  return router;
}

function loginPage(uid: string, clientId: string): string {
  const form = `<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Connexion</title></head><body>
<h1>${clientId}</h1><form method="post" action="/interaction/${uid}/login"><label>Identifiant <input name="identifier"></label>
<label>Mot de passe <input name="password" type="password"></label><button>Se connecter</button></form>`;
  const filling = Math.max(0, settings.pageBytes - form.length - 32);
  return `${form}<p>${'Vos identifiants. '.repeat(Math.ceil(filling / 18))}</p></body></html>`;
}
