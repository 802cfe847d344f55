/** What a browser and a relying service do, the same against both sides. Each throws when it is answered otherwise. */
import { createHash, randomBytes } from 'node:crypto';
import { identifierOf } from './people.ts';
import { type Answer, Jar, type Sending, send } from './visitor.ts';

export type Client = { id: string; secret: string };

/** One provider as seen from outside. */
export type Side = {
  name: 'ours' | 'bare';
  /** Where it listens. */
  origin: string;
  paths: { authorization: string; token: string; userinfo: string };
  /** `offline` asks for a refresh token. */
  clients: { plain: Client; offline: Client };
  /** From the page that an authorization request led to, through what a person sees, to the posted password. */
  login(browser: Browser, at: string, identifier: string): Promise<Answer>;
};

export const PASSWORD = 'chaise3verte';
export const CALLBACK = 'http://localhost:9/callback';
export const SCOPES = {
  openid: 'openid',
  full: 'openid profile email educonnect educonnect_ref educonnect_eleves',
} as const;
export type ScopeName = keyof typeof SCOPES;

/** A person's browser at one side. */
export type Browser = { side: Side; jar: Jar; address: string };

export type Tokens = { access_token: string; refresh_token?: string };

/** Each visitor comes from a network address of his own. */
export function newBrowser(side: Side, number: number): Browser {
  const address = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  return { side, jar: new Jar(), address };
}

export async function visit(browser: Browser, path: string, sending: Sending = {}): Promise<Answer> {
  const headers = { accept: 'text/html', 'x-forwarded-for': browser.address, ...browser.jar.header(path) };
  const answer = await send(browser.side.origin, path, { ...sending, headers });
  browser.jar.keep(answer.headers['set-cookie']);
  return answer;
}

/** The way in: `ours` shows the choice of the profile first, then the form. */
export async function loginOurs(browser: Browser, at: string, identifier: string): Promise<Answer> {
  expect(await visit(browser, at), 200);
  const action = `${at}/connexion?profil=responsable`;
  const page = expect(await visit(browser, action), 200);
  return visit(browser, action, { form: { _csrf: csrfOf(page, action), identifier, password: PASSWORD } });
}

export async function loginBare(browser: Browser, at: string, identifier: string): Promise<Answer> {
  expect(await visit(browser, at), 200);
  return visit(browser, `${at}/login`, { form: { identifier, password: PASSWORD } });
}

type Request = { scope: ScopeName; offline?: boolean };

/** An authorization request, its login unless the browser has a session, the code and its tokens. */
export async function codeFlow(browser: Browser, request: Request, identifier?: string): Promise<Tokens> {
  const { side } = browser;
  const client = request.offline ? side.clients.offline : side.clients.plain;
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: client.id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: SCOPES[request.scope] + (request.offline ? ' offline_access' : ''),
    state: 'state',
    nonce: 'nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  let answer = expect(await visit(browser, `${side.paths.authorization}?${query}`), 303);
  if (identifier !== undefined) {
    const done = expect(await side.login(browser, pathOf(answer), identifier), 303);
    answer = expect(await visit(browser, pathOf(done)), 303);
  }
  const code = new URL(answer.headers.location ?? '', CALLBACK).searchParams.get('code');
  if (code === null) throw new Error(`${side.name}: no code but ${answer.headers.location}`);
  return askTokens(side, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
  });
}

/** The token endpoint. */
export async function askTokens(side: Side, client: Client, form: Record<string, string>): Promise<Tokens> {
  const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
  const answer = await send(side.origin, side.paths.token, { form, headers: { authorization } });
  return JSON.parse(expect(answer, 200).text) as Tokens;
}

export async function userinfo(side: Side, { access_token: token }: Tokens): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}` };
  return JSON.parse(expect(await send(side.origin, side.paths.userinfo, { headers }), 200).text);
}

/** A whole login as a person and his service have it: from the request to what the service learns of him. */
export async function fullLogin(side: Side, account: number, scope: ScopeName): Promise<void> {
  const tokens = await codeFlow(newBrowser(side, account), { scope }, identifierOf(account));
  await userinfo(side, tokens);
}

function expect(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  const text = `${answer.status} instead of ${status}: ${answer.headers.location ?? answer.text.slice(0, 200)}`;
  throw Object.assign(new Error(text), { answer });
}

/** Where an answer leads. */
export function pathOf({ headers }: Answer): string {
  const url = new URL(headers.location ?? '', 'http://localhost');
  return url.pathname + url.search;
}

/** What the form of a page must send back. @throws Error when the page has no form for this action */
export function csrfOf({ status, text }: Answer, action: string): string {
  const [, after] = text.split(`action="${action}"`, 2);
  const csrf = after && /name="_csrf" value="([^"]+)"/.exec(after)?.[1];
  if (!csrf) throw new Error(`no form for ${action} (${status})`);
  return csrf;
}
