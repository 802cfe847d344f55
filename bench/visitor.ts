/** A browser as far as a provider can tell: connections kept open, cookies by path, redirects one by one. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
export type Sending = {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  form?: Record<string, string>;
};

/** Idle connections are let go before a server does it (after 5 s), which would meet the next request half-way. */
const agent = new Agent({ keepAlive: true, maxSockets: 512, timeout: 4000 });

/** Lets the process end. */
export const hangUp = () => agent.destroy();

/** One request to loopback; no redirect is followed. @param origin `http://127.0.0.1:<port>` */
export function send(origin: string, path: string, { method, headers, form }: Sending = {}): Promise<Answer> {
  const body = form && new URLSearchParams(form).toString();
  const typed = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const sent = request(
      origin + path,
      {
        agent,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { ...typed, ...length, ...headers },
      },
      (res) => {
        let text = '';
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => {
          text += chunk;
        });
        res.once('error', reject);
        res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
      },
    );
    // A connection that is reset may say so more than once.
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Cookies of one browser. */
export class Jar {
  readonly #cookies: { name: string; value: string; path: string }[] = [];

  header(path: string): Record<string, string> {
    const sent = this.#cookies.filter((cookie) => covers(cookie.path, path));
    return sent.length === 0 ? {} : { cookie: sent.map(({ name, value }) => `${name}=${value}`).join('; ') };
  }

  keep(lines: readonly string[] = []): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(name.length + 1);
      const path = attributes.find((text) => /^path=/i.test(text))?.slice(5) ?? '/';
      const before = this.#cookies.findIndex((cookie) => cookie.name === name && cookie.path === path);
      if (before >= 0) this.#cookies.splice(before, 1);
      if (value !== '') this.#cookies.push({ name, value, path });
    }
  }
}

function covers(scope: string, path: string): boolean {
  const [bare = ''] = path.split('?');
  return bare === scope || bare.startsWith(scope.endsWith('/') ? scope : `${scope}/`);
}
