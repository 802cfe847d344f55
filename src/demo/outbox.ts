import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { type Html, html, linked, page, type Theme } from './html.ts';
import { MISHAPS } from './twilio-fates.ts';
import { createTwilioStub, SWITCH_PATH, type TwilioStub } from './twilio-stub.ts';

/** Everything that would have left the house: mails by SMTP, SMS by Twilio's REST interface. */

export type OutboxMessage = {
  id: string;
  /** ISO 8601, UTC. */
  at: string;
  channel: 'sms' | 'email';
  to: string;
  subject: string | null;
  text: string;
  html: string | null;
  attachments: { filename: string; contentType: string; size: number }[];
};

export type Outbox = {
  messages(): readonly OutboxMessage[];
  /** Resolves when no report of a delivery is under way any more. */
  settled(): Promise<void>;
  stop(): Promise<void>;
};

/** The oldest are forgotten beyond this. */
const KEPT = 1000;
const LARGEST_MAIL = 5 * 1024 * 1024;

const THEME: Theme = {
  name: "Boîte d'envoi",
  tagline: 'Les SMS et les courriels qui seraient partis',
  accent: '#3d3f8f',
  tint: '#e4e4f7',
};

/**
 * Listens for mails and SMS and shows them.
 * @param ports of the pages and REST interface, and of SMTP; both on loopback unless `host` says otherwise
 * @throws Error with the port when one of them is taken (`code` EADDRINUSE)
 */
export async function startOutbox(
  ports: { http: number; smtp: number },
  { host = '127.0.0.1', kept = KEPT }: { host?: string; kept?: number } = {},
): Promise<Outbox> {
  const messages: OutboxMessage[] = [];
  const take = (message: Omit<OutboxMessage, 'id' | 'at'>) => {
    const id = randomUUID();
    messages.unshift({ id, at: new Date().toISOString(), ...message });
    messages.splice(kept);
    return id;
  };
  const smtp = smtpServer(take);
  const twilio = createTwilioStub((sms) =>
    take({ channel: 'sms', subject: null, html: null, attachments: [], ...sms }),
  );
  const web = createServer((request, response) => {
    answer(request, response, messages, twilio).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(error.message);
    });
  });
  await listen(web, ports.http, host);
  try {
    await listen(smtp, ports.smtp, host);
  } catch (error) {
    web.close();
    throw error;
  }
  const stop = async () => {
    web.closeAllConnections();
    await Promise.all([
      twilio.stop(),
      new Promise<void>((done) => smtp.close(() => done())),
      new Promise<void>((done) => web.close(() => done())),
    ]);
  };
  return { messages: () => messages, settled: twilio.settled, stop };
}

type Take = (message: Omit<OutboxMessage, 'id' | 'at'>) => string;

function smtpServer(take: Take): SMTPServer {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    onAuth: (_auth, _session, done) => done(null, { user: 'demo' }),
    size: LARGEST_MAIL,
    // A mailer keeps its connection for the next mail; the end does not wait for that.
    closeTimeout: 200,
    onData(stream, session, done) {
      simpleParser(stream)
        .then((mail) => {
          if (stream.sizeExceeded) throw Object.assign(new Error('too large'), { responseCode: 552 });
          const recipients = session.envelope.rcptTo.map((recipient) => recipient.address);
          for (const to of recipients) {
            take({
              channel: 'email',
              to,
              subject: mail.subject ?? null,
              text: mail.text ?? '',
              html: mail.html || null,
              attachments: mail.attachments.map(({ filename, contentType, size }) => ({
                filename: filename ?? 'sans-nom',
                contentType,
                size,
              })),
            });
          }
          done();
        })
        .catch((error: Error) => done(error));
    },
  });
  // A client that hangs up in the middle is no reason to fall.
  server.on('error', () => {});
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  messages: readonly OutboxMessage[],
  twilio: TwilioStub,
): Promise<void> {
  if (await twilio.handle(request, response)) return;
  const { pathname } = new URL(request.url ?? '/', 'http://outbox');
  const send = (status: number, type: string, body: string) => {
    response.writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    response.end(body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', 'GET only');
  if (pathname === '/messages.json') return send(200, 'application/json', JSON.stringify(messages, null, 2));
  if (pathname === '/') return send(200, 'text/html', listing(messages, twilio.mishap()));
  const shown = messages.find((message) => pathname === `/messages/${message.id}.html`);
  // A mail is somebody else's page: shown in a sandbox without scripts, forms and requests.
  if (shown?.html) {
    response.setHeader(
      'content-security-policy',
      "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    );
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(shown.html.replace(/<head([^>]*)>/i, '<head$1><base target="_blank">'));
    return;
  }
  send(404, 'text/plain', 'not found');
}

function listing(messages: readonly OutboxMessage[], mishap: string | null): string {
  const time = new Intl.DateTimeFormat('fr-FR', {
    dateStyle: 'medium',
    timeStyle: 'medium',
    timeZone: 'Europe/Paris',
  });
  const entries = messages.map(
    (message) => html`<article class="card">
<p class="meta"><span class="pill">${message.channel === 'sms' ? 'SMS' : 'Courriel'}</span>
<strong>${message.to}</strong><span class="soft">${time.format(new Date(message.at))}</span></p>
${message.subject && html`<h2>${message.subject}</h2>`}
<div class="message">${linked(message.text)}</div>
${message.html && html`<p><a href="/messages/${message.id}.html">Version mise en forme</a></p>`}
${message.attachments.length > 0 && html`<p class="soft">Pièces jointes : ${message.attachments.map((a) => a.filename).join(', ')}</p>`}
</article>`,
  );
  const empty = html`<p class="card soft">Rien n'a été envoyé. Actualisez cette page après une action.</p>`;
  const count = messages.length === 1 ? '1 message' : `${messages.length} messages`;
  const nav = html`<a href="/">Actualiser</a>`;
  return page(
    THEME,
    "Boîte d'envoi",
    html`<h1>${count}</h1>${carrier(mishap)}${entries.length > 0 ? entries : empty}`,
    nav,
  );
}

/** The switch of the sample carrier. */
function carrier(mishap: string | null): Html {
  const option = (figures: string, label: string) =>
    html`<option value="${figures}"${figures === (mishap ?? '') && html` selected`}>${label}</option>`;
  return html`<details class="card"${mishap !== null && html` open`}>
<summary>Opérateur de SMS : ${mishap === null ? 'tout arrive' : 'en panne'}</summary>
<form method="post" action="${SWITCH_PATH}">
<p><label for="panne">Ce qu'il répond à chaque SMS</label><br>
<select id="panne" name="panne">${option('', 'Tout arrive')}${MISHAPS.map(({ figures, label }) => option(figures, label))}</select></p>
<p><button class="button">Appliquer</button></p>
</form>
<p class="soft">Les numéros 06 39 98 9… dont les trois derniers chiffres sont ${MISHAPS.map(({ figures }) => figures).join(', ')} le subissent toujours.</p>
</details>`;
}

type Listener = Pick<Server, 'listen' | 'once' | 'off'> | SMTPServer;

function listen(server: Listener, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    (server as Server).once('error', reject);
    (server as Server).listen(port, host, () => {
      (server as Server).off('error', reject);
      resolve();
    });
  });
}
