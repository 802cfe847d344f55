import { createTransport } from 'nodemailer';
import type { Deps } from '../deps.ts';

/** Whether outside parties answer, without anything being sent to anybody (`educonnect doctor`). */

type Config = Deps['config'];

/** `detail`: in words for whoever runs the service; never a secret. `at`: what the other side's clock says. */
export type Reached = { ok: true; at: Date | null } | { ok: false; detail: string };

/** Signs in at the mail server and hangs up. */
export async function reachSmtp({ SMTP_URL: url }: Pick<Config, 'SMTP_URL'>, ms: number): Promise<Reached> {
  const stage = Math.floor(ms / 2);
  const transport = createTransport({
    url,
    connectionTimeout: stage,
    greetingTimeout: stage,
    socketTimeout: stage,
    dnsTimeout: stage,
  });
  try {
    await transport.verify();
    return { ok: true, at: null };
  } catch (error) {
    return { ok: false, detail: String((error as { code?: string }).code ?? 'no answer') };
  } finally {
    transport.close();
  }
}

/** Asks Twilio for our own account: no message is sent. */
export async function reachTwilio(config: Config, ms: number): Promise<Reached> {
  const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token, TWILIO_BASE_URL: base } = config;
  const region = [config.TWILIO_EDGE, config.TWILIO_REGION].filter(Boolean).map((part) => `${part}.`);
  const host = base?.replace(/\/$/, '') ?? `https://api.${region.join('')}twilio.com`;
  const authorization = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`;
  const answer = await ask(`${host}/2010-04-01/Accounts/${sid}.json`, ms, { authorization });
  if (!answer.ok) return answer;
  if (answer.status === 401)
    return { ok: false, detail: 'it refuses TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN' };
  // The demo's stand-in does not know accounts.
  return answer.status < 500 ? answer : { ok: false, detail: `it answers ${answer.status}` };
}

/** Reads the document of a provider of identities, ours or another's, and compares its issuer. */
export async function reachIssuer(issuer: string, ms: number): Promise<Reached> {
  const answer = await ask(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, ms);
  if (!answer.ok) return answer;
  if (answer.status !== 200) return { ok: false, detail: `it answers ${answer.status}` };
  const said = (answer.body as { issuer?: unknown } | null)?.issuer;
  if (said !== issuer)
    return { ok: false, detail: `it calls itself ${String(said).slice(0, 200)}, not ${issuer}` };
  return answer;
}

type Answer = { ok: true; at: Date | null; status: number; body: unknown } | { ok: false; detail: string };

async function ask(url: string, ms: number, headers: Record<string, string> = {}): Promise<Answer> {
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(ms) });
    const date = response.headers.get('date');
    const body = await response.json().catch(() => null);
    return { ok: true, at: date === null ? null : new Date(date), status: response.status, body };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return {
      ok: false,
      detail: name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? 'no answer'),
    };
  }
}
