import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import type { Files, Ports } from './places.ts';

/** The configuration of the demo, kept in `.demo/env` for `npx educonnect`. */

type Environment = Record<string, string | undefined>;

const SECRETS = [
  'COOKIE_KEYS',
  'SEALING_KEYS',
  'SUBJECT_SALT',
  'TWILIO_AUTH_TOKEN',
  'FRANCECONNECT_CLIENT_SECRET',
  'ACADEMIC_PORTAL_CLIENT_SECRET',
] as const;

/** What the caller's environment may say otherwise (contract); all else is the demo's. */
const HONOURED = [
  'FRANCECONNECT_ISSUER',
  'FRANCECONNECT_CLIENT_ID',
  'FRANCECONNECT_CLIENT_SECRET',
  'ACADEMIC_PORTAL_ISSUER',
  'ACADEMIC_PORTAL_CLIENT_ID',
  'ACADEMIC_PORTAL_CLIENT_SECRET',
  'TWILIO_BASE_URL',
  'SMTP_URL',
  'LOG_LEVEL',
];

/**
 * Makes the demo's variables; secrets are drawn once and found again in the file of an earlier run, so that what
 * was sealed and signed then still opens.
 * @param inherited the environment of the process
 */
export async function writeEnvironment(
  files: Pick<Files, 'environment'>,
  ports: Ports,
  databaseUrl: string,
  inherited: Environment,
): Promise<Record<string, string>> {
  const earlier = parseEnvironment(await readFile(files.environment, 'utf8').catch(() => ''));
  const secrets = SECRETS.map((name) => [name, earlier[name] ?? randomBytes(32).toString('base64url')]);
  const told = HONOURED.flatMap((name) => (inherited[name] ? [[name, inherited[name]]] : []));
  const environment: Record<string, string> = {
    NODE_ENV: 'development',
    BASE_URL: `http://localhost:${ports.app}`,
    // Loopback only: sample people and sample passwords are nobody else's business.
    HOST: '127.0.0.1',
    PORT: String(ports.app),
    ALLOW_INSECURE_ISSUER: '1',
    HTTP_LOOPBACK_CLIENTS: '1',
    TRUSTED_CLIENT_ORIGINS: trustedOrigins(ports),
    PHONE_EXTRA_MOBILE_PREFIXES: '+3363998',
    DATABASE_URL: databaseUrl,
    SMTP_URL: `smtp://localhost:${ports.smtp}`,
    TWILIO_BASE_URL: `http://localhost:${ports.outbox}`,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    FRANCECONNECT_ISSUER: `http://localhost:${ports.franceConnect}/api/v2`,
    FRANCECONNECT_CLIENT_ID: 'educonnect-demo',
    ACADEMIC_PORTAL_ISSUER: `http://localhost:${ports.portal}`,
    ACADEMIC_PORTAL_CLIENT_ID: 'educonnect-demo',
    LOG_LEVEL: 'info',
    ...Object.fromEntries(secrets),
    ...Object.fromEntries(told),
  };
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(files.environment, lines.join(''), { mode: 0o600 });
  await chmod(files.environment, 0o600);
  return environment;
}

/** Where back-channel calls and key fetches may go by name; HTTP_LOOPBACK_CLIENTS opens the rest of loopback. */
function trustedOrigins({ ent, lsu }: Ports): string {
  const hosts = ['localhost', '127.0.0.1'];
  return hosts.flatMap((host) => [ent, lsu].map((port) => `http://${host}:${port}`)).join(',');
}

export function parseEnvironment(text: string): Record<string, string> {
  const lines = text.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, value]));
}
