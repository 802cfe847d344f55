/** The simulator of FranceConnect beside EduConnect, and a visitor's way through it to his first connection. */
import { startFranceConnect } from '../src/demo/franceconnect.ts';
import { type Browser, csrfOf, pathOf, visit } from './operations.ts';
import { type Answer, Jar } from './visitor.ts';

const CLIENT = { id: 'educonnect-bench', secret: 'secret-of-the-bench-0123456789' };
/** One person: whoever tries numbers is himself each time. No school knows him, and he is never linked. */
const VISITOR = {
  login: 'banc',
  what: 'Somebody whom no school knows.',
  identity: {
    given_name: 'AUCUNE',
    family_name: 'PERSONNEVOICI',
    birthdate: '1980-05-12',
    gender: 'female',
    birthplace: '69123',
    birthcountry: '99100',
  },
} as const;

export type BesideFranceConnect = {
  origin: string;
  /** What EduConnect must be told of it. */
  env: Record<string, string>;
  stop(): Promise<void>;
};

/** @param ours base address of EduConnect */
export async function openFranceConnect(port: number, ours: string): Promise<BesideFranceConnect> {
  const origin = `http://localhost:${port}`;
  const { issuer, stop } = await startFranceConnect({
    origin,
    people: [VISITOR],
    clients: [
      {
        clientId: CLIENT.id,
        clientSecret: CLIENT.secret,
        name: 'Banc',
        redirectUris: [`${ours}/franceconnect/retour`],
        postLogoutRedirectUris: [`${ours}/franceconnect/deconnexion`],
      },
    ],
  });
  const env = {
    FRANCECONNECT_ISSUER: issuer,
    FRANCECONNECT_CLIENT_ID: CLIENT.id,
    FRANCECONNECT_CLIENT_SECRET: CLIENT.secret,
  };
  return { origin, env, stop };
}

/**
 * From the login page to FranceConnect, in there, and back to the first page of a first connection.
 * @param at path of the sign-in
 * @param origin FranceConnect's
 * @throws Error when the way leads elsewhere
 */
export async function passFranceConnect(browser: Browser, at: string, origin: string): Promise<void> {
  const leave = `${at}/franceconnect`;
  const login = await visit(browser, `${at}/connexion?profil=responsable`);
  const away = await visit(browser, leave, { form: { _csrf: csrfOf(login, leave) } });
  const there: Browser = { ...browser, side: { ...browser.side, origin }, jar: new Jar() };
  const page = await follow(there, away);
  await visit(there, `${page}/login`, { form: { login: VISITOR.login } });
  const home = await follow(there, await visit(there, `${page}/continue`, { form: {} }));
  const end = await follow(browser, await visit(browser, home));
  if (end !== `${at}/telephone`) throw new Error(`FranceConnect led to ${end}`);
}

/** @returns the path at which the redirects end, or that of the first one that leaves this server */
async function follow(browser: Browser, from: Answer): Promise<string> {
  const { origin } = browser.side;
  const portOf = (url: string) => new URL(url, origin).port;
  for (let answer = from; ; ) {
    const path = pathOf(answer);
    if (portOf(answer.headers.location ?? '') !== portOf(origin)) return path;
    answer = await visit(browser, path);
    if (answer.headers.location === undefined) return path;
  }
}
