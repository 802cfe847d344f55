import { type IncomingHttpHeaders, request } from 'node:http';
import { keepSecret } from './run-log.ts';

export type Answer = {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Where the page was, after redirects within the application. */
  url: string;
};

export type FormFields = Record<string, string>;

/** Of a form, what no log may tell. */
const SECRET_FIELDS = [
  'password',
  'new_password',
  'confirmation',
  'current_password',
  'code',
  'email',
  'mobile',
  'identifier',
];

type SendOptions = { method?: string; headers?: Record<string, string>; body?: string | Buffer };
type Cookie = { name: string; value: string; path: string };

/**
 * A browser without windows: keeps cookies by path, reads the forms of a page and sends them with their hidden
 * fields, follows redirects within the application. What it cannot do is left to Chromium in test/journeys.
 */
export type Visitor = {
  /** One request, no redirect followed. */
  send(path: string, options?: SendOptions): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** Fills in the form of the page last seen whose action contains `action` (default: its only form). */
  submit(page: Answer, fields: FormFields, action?: string): Promise<Answer>;
  cookies: Cookie[];
  /** Every Set-Cookie line so far, deletions included. */
  setCookies: string[];
};

/**
 * @param base where the application listens, e.g. `http://127.0.0.1:41234`
 * @param options `known`: the address by which it knows itself, when that is another
 */
export function createVisitor(
  base: string,
  { headers = {}, known = base }: { headers?: Record<string, string>; known?: string } = {},
): Visitor {
  const cookies: Cookie[] = [];
  const setCookies: string[] = [];
  const send = async (path: string, options: SendOptions = {}): Promise<Answer> => {
    const url = new URL(path, base);
    const sent = cookies.filter(({ path: scope }) => inScope(url.pathname, scope));
    const cookie = sent.map(({ name, value }) => `${name}=${value}`).join('; ');
    const answer = await exchange(url, {
      ...options,
      headers: { accept: 'text/html', ...(cookie ? { cookie } : {}), ...headers, ...options.headers },
    });
    setCookies.push(...(answer.headers['set-cookie'] ?? []));
    keepCookies(cookies, answer.headers['set-cookie'] ?? []);
    return answer;
  };
  const follow = async (answer: Answer): Promise<Answer> => {
    let last = answer;
    for (let hops = 0; hops < 10 && last.status >= 300 && last.status < 400; hops += 1) {
      const to = new URL(last.headers.location ?? '', last.url);
      const ours = [known, base, base.replace('127.0.0.1', 'localhost')];
      if (!ours.some((address) => new URL(address).origin === to.origin)) return last;
      last = await send(to.pathname + to.search);
    }
    return last;
  };
  return {
    cookies,
    setCookies,
    send,
    get: async (path) => follow(await send(path)),
    async submit(page, fields, action) {
      const form = readForm(page, action);
      const body = new URLSearchParams({ ...form.hidden, ...fields }).toString();
      keepSecret(...SECRET_FIELDS.map((name) => fields[name]), form.hidden._csrf);
      return follow(await send(form.action, { ...postOf(body) }));
    },
  };
}

/** The options of `send` for an urlencoded body. */
export function postOf(body: string | Buffer): SendOptions & { headers: Record<string, string> } {
  return { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body };
}

/** The address and the hidden fields of a form that posts. */
export function readForm(page: Answer, action = ''): { action: string; hidden: FormFields } {
  const forms = page.text.matchAll(/<form method="post" action="([^"]*)"[^>]*>(.*?)<\/form>/gs);
  for (const [, target = '', inner = ''] of forms) {
    const address = target.replaceAll('&amp;', '&');
    if (!address.includes(action)) continue;
    const inputs = inner.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g);
    return {
      action: address,
      hidden: Object.fromEntries(Array.from(inputs, ([, name, value]) => [name, value])),
    };
  }
  throw new Error(`no form with the action ${action || '(any)'} on ${page.url} (${page.status})`);
}

function inScope(path: string, scope: string): boolean {
  return path === scope || path.startsWith(scope.endsWith('/') ? scope : `${scope}/`);
}

function keepCookies(cookies: Cookie[], lines: readonly string[]): void {
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ');
    const cut = pair.indexOf('=');
    const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? '/';
    const name = pair.slice(0, cut);
    const before = cookies.findIndex((cookie) => cookie.name === name && cookie.path === path);
    if (before >= 0) cookies.splice(before, 1);
    const value = pair.slice(cut + 1);
    if (value === '') continue;
    keepSecret(value);
    cookies.push({ name, value, path });
  }
}

function exchange(url: URL, { method = 'GET', headers = {}, body }: SendOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text: Buffer.concat(chunks).toString('utf8'),
          url: url.href,
        }),
      );
    });
    sending.on('error', reject);
    if (body !== undefined) sending.setHeader('content-length', Buffer.byteLength(body));
    sending.end(body);
  });
}
