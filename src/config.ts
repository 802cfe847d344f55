import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/**
 * The configuration of a process, read once from the environment and frozen.
 * This is the only file that reads `process.env`. Every fault is listed at once.
 */

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const flag = z.enum(['0', '1', 'true', 'false', '']).transform((text) => text === '1' || text === 'true');
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const httpUrl = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !url.endsWith('/'), { message: 'must not end with a slash' });
const network = z
  .string()
  .refine(isNetwork, { message: 'must be an address or a network such as 10.0.0.0/8' });
const secret = z.string().min(24);
const secrets = list.pipe(z.array(secret).min(1, 'needs at least one value'));
const claim = z.string().regex(/^[\x21-\x7e]{1,100}$/, 'must be the name of a claim');
const prefixes = list.pipe(z.array(z.string().regex(/^\+[1-9]\d{0,14}$/, 'must begin with + and a country')));
/** Mobiles of France and its territories overseas (integration.md 5.1); SMS leave to no other numbers. */
const MOBILE_PREFIXES = [
  ...['+336', '+337', '+508', '+681', '+687', '+689'],
  ...['+262639', '+262692', '+262693', '+590690', '+590691', '+594694', '+596696', '+596697'],
];

const schema = z.object({
  NODE_ENV: z.enum(['production', 'development', 'test']).default('production'),
  BASE_URL: httpUrl,
  HOST: z.string().default('0.0.0.0'),
  PORT: whole(0, 65_535).default(3000),
  METRICS_PORT: whole(0, 65_535).optional(),
  METRICS_TOKEN: secret.optional(),
  ALLOW_INSECURE_ISSUER: flag.default(false),
  TRUSTED_PROXIES: list.pipe(z.array(network)).default([]),
  WEB_CONCURRENCY: whole(1, 64).default(1),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),

  DATABASE_URL: z
    .string()
    .regex(/^mysql:\/\/[^/?]+\/[^/?]+(\?.*)?$/, 'must look like mysql://user:password@host:3306/name'),
  DATABASE_POOL: whole(2, 200).default(10),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(100, 60_000).default(2500),
  DATABASE_CONNECT_TIMEOUT_MS: whole(100, 60_000).default(2000),
  DATABASE_ACQUIRE_TIMEOUT_MS: whole(100, 60_000).default(2000),

  COOKIE_KEYS: secrets,
  SEALING_KEYS: secrets,
  SUBJECT_SALT: secret,

  PASSWORD_MIN_LENGTH: whole(8, 64).default(8),
  PASSWORD_MAX_LENGTH: whole(8, 256).default(14),
  PROVISIONAL_LENGTH: whole(8, 12).default(10),
  PROVISIONAL_VALID_DAYS: whole(1, 366).default(90),
  ACTIVATION_LINK_VALID_DAYS: whole(1, 30).default(7),
  ARGON2_MEMORY_KIB: whole(1024, 1_048_576).default(47_104),
  ARGON2_PASSES: whole(1, 10).default(1),
  ARGON2_RUNNING: whole(1, 64).default(2),
  ARGON2_WAITING: whole(0, 10_000).default(40),
  LOGIN_ATTEMPTS_PER_ADDRESS: whole(1, 1_000_000).default(300),

  SIGNING_KEY_DAYS: whole(1, 3650).default(90),

  SESSION_IDLE_MINUTES: whole(1, 1440).default(30),
  SESSION_MAX_HOURS: whole(1, 72).default(12),

  SMTP_URL: z.string().regex(/^smtps?:\/\//, 'must begin with smtp:// or smtps://'),
  MAIL_FROM: z
    .string()
    .regex(/^[^<>@\r\n]*<?[^\s<>@]+@[^\s<>@]+>?$/, 'must be an address, or a name and an <address>')
    .default('Administrateur des services en ligne <ne-pas-repondre@educonnect.example>'),
  MAIL_BOUNCES: z
    .string()
    .regex(/^[^\s<>@+]+@[^\s<>@]+$/, 'must be an address without +')
    .optional(),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC\w+$/, 'must begin with AC')
    .optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  TWILIO_SENDER: z
    .string()
    .regex(
      /^(\+\d{5,15}|\d{5,8}|MG[0-9a-f]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/,
      'must be a number, a messaging service (MG...) or a name of at most 11 letters and digits',
    )
    .default('EduConnect'),
  TWILIO_BASE_URL: z.url().optional(),
  TWILIO_REGION: z.string().optional(),
  TWILIO_EDGE: z.string().optional(),
  PHONE_EXTRA_MOBILE_PREFIXES: prefixes.default([]),
  SMS_MOBILE_PREFIXES: prefixes.default(MOBILE_PREFIXES),
  SMS_DAILY_BUDGET: whole(0, 10_000_000).default(20_000),
  CODE_VALID_MINUTES: whole(1, 10).default(10),
  CODE_PAUSE_SECONDS: whole(1, 3600).default(60),
  CODES_PER_NUMBER_15_MINUTES: whole(1, 100).default(3),
  CODES_PER_NUMBER_DAY: whole(1, 100).default(5),
  CODES_PER_ACCOUNT_DAY: whole(1, 100).default(5),
  // No more than the column of their times holds.
  CODES_PER_ADDRESS_5_MINUTES: whole(1, 4000).default(300),

  FRANCECONNECT_ISSUER: z.url().optional(),
  FRANCECONNECT_CLIENT_ID: z.string().optional(),
  FRANCECONNECT_CLIENT_SECRET: z.string().optional(),
  FRANCECONNECT_TIMEOUT_MS: whole(100, 30_000).default(5000),
  ACADEMIC_PORTAL_ISSUER: z.url().optional(),
  ACADEMIC_PORTAL_CLIENT_ID: z.string().optional(),
  ACADEMIC_PORTAL_CLIENT_SECRET: z.string().optional(),
  ACADEMIC_PORTAL_TIMEOUT_MS: whole(100, 30_000).default(5000),
  ACADEMIC_PORTAL_SCOPE: z
    .string()
    .regex(/^openid( [\x21-\x7e]+)*$/, 'must begin with openid')
    .default('openid profile email'),
  ACADEMIC_PORTAL_CLAIM_SCHOOLS: claim.default('FrEduRneResp'),
  ACADEMIC_PORTAL_CLAIM_FUNCTION: claim.default('FrEduFonctAdm'),
  ACADEMIC_PORTAL_CLAIM_DELEGATION: claim.default('FrEduResDel'),
  ACADEMIC_PORTAL_DELEGATION_ADMINISTRATION: z.string().default('educonnect-administration'),
  ACADEMIC_PORTAL_DELEGATION_TROUBLESHOOTING: z.string().default('educonnect-depannage'),
  ACADEMIC_PORTAL_STRONG_ACR: list.default(['https://refeds.org/profile/mfa']),
  ACADEMIC_PORTAL_STRONG_AMR: list.default(['otp', 'hwk', 'mfa']),
  STAFF_HEAD_FUNCTIONS: list.default(['DIR']),
  STAFF_SESSION_IDLE_MINUTES: whole(1, 60).default(15),
  STAFF_SESSION_MAX_HOURS: whole(1, 24).default(8),
  STAFF_GUIDE_URL: z.url().optional(),

  TRUSTED_CLIENT_ORIGINS: list.pipe(z.array(httpUrl)).default([]),
  HTTP_LOOPBACK_CLIENTS: flag.default(false),
  STRICT_SECOND_DEGREE: flag.default(false),
  ASSISTANCE_TEXT: z.string().default("l'assistance de votre académie"),
  ASSISTANCE_URL: z.url().optional(),
  IMPORT_FOLDER: z.string().optional(),
  IMPORT_AT: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be an hour such as 03:30')
    .default('03:30'),
  IMPORT_BRAKE_SCHOOL_PERCENT: whole(1, 100).default(35),
  IMPORT_BRAKE_NATION_PERCENT: whole(1, 100).default(5),
});

/** Names whose values `config check` masks. */
export const SECRET_NAMES = [
  'DATABASE_URL',
  'COOKIE_KEYS',
  'SEALING_KEYS',
  'SUBJECT_SALT',
  'SMTP_URL',
  'METRICS_TOKEN',
  'TWILIO_AUTH_TOKEN',
  'FRANCECONNECT_CLIENT_SECRET',
  'ACADEMIC_PORTAL_CLIENT_SECRET',
] as const;

type Values = z.output<typeof schema>;

export type Config = Readonly<Values> & {
  /** Folder that holds `views/`, `public/` and `package.json`. */
  readonly rootDir: string;
  /** OpenID Provider issuer: `<BASE_URL>/oidc` (contract). */
  readonly issuer: string;
  /** True when the public address is https: cookies are then Secure and prefixed. */
  readonly secure: boolean;
};

/** Thrown with every fault of the environment, one line each; never shows a value. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`the configuration is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Words that mark a secret as one of the samples of the documentation or of the demo. */
const SAMPLE_SECRET = /(change[-_ ]?me|demo|sample|secret-de|example|password|motdepasse)/i;
const LOOPBACK = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/**
 * Reads the environment into a frozen `Config`.
 * @param env the variables; empty strings count as absent
 * @throws ConfigError with all faults at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const { values, faults } = readEach(given);
  faults.push(...crossChecks(values));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze({
    ...values,
    rootDir: findRoot(import.meta.dirname),
    issuer: `${values.BASE_URL}/oidc`,
    secure: values.BASE_URL.startsWith('https:'),
  });
}

/** Each variable by itself, so that one that is wrong hides no other. What is wrong is left out of `values`. */
function readEach(given: Record<string, unknown>): { values: Values; faults: string[] } {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(schema.shape)) {
    const parsed = type.safeParse(given[name]);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(...parsed.error.issues.map((issue) => `${name}: ${faultOf(issue, given[name])}`));
  }
  return { values: values as Values, faults };
}

/** In words for an operator; our own messages are such already. */
function faultOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing';
  if (issue.code === 'invalid_type') return 'must be a whole number';
  if (issue.code === 'too_small')
    return issue.origin === 'string'
      ? `must have ${issue.minimum} characters or more`
      : `must be ${issue.minimum} or more`;
  if (issue.code === 'too_big') return `must be ${issue.maximum} or less`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return issue.message === 'Invalid URL' ? 'must be an http or https address' : issue.message;
}

/** What two variables say together; one that could not be read is passed over. */
function crossChecks(values: Partial<Values>): string[] {
  const faults: string[] = [];
  const production = values.NODE_ENV === 'production';
  const loopback = LOOPBACK.test(values.BASE_URL ?? '');
  if (values.BASE_URL !== undefined) faults.push(...issuerFaults(values, values.BASE_URL, loopback));
  if (production && !(values.ALLOW_INSECURE_ISSUER && loopback)) {
    for (const name of ['COOKIE_KEYS', 'SEALING_KEYS', 'SUBJECT_SALT'] as const) {
      if ([values[name] ?? ''].flat().some((value) => SAMPLE_SECRET.test(value)))
        faults.push(`${name}: is a default of the documentation or the demo`);
    }
  }
  const {
    PASSWORD_MAX_LENGTH = 0,
    PASSWORD_MIN_LENGTH = 0,
    SESSION_IDLE_MINUTES = 0,
    SESSION_MAX_HOURS = 72,
  } = values;
  if (PASSWORD_MAX_LENGTH < PASSWORD_MIN_LENGTH)
    faults.push('PASSWORD_MAX_LENGTH: must not be smaller than PASSWORD_MIN_LENGTH');
  if (SESSION_IDLE_MINUTES > SESSION_MAX_HOURS * 60)
    faults.push('SESSION_IDLE_MINUTES: must not be longer than SESSION_MAX_HOURS');
  faults.push(...smsFaults(values));
  if (values.METRICS_PORT !== undefined && values.METRICS_PORT !== 0 && values.METRICS_PORT === values.PORT)
    faults.push('METRICS_PORT: must not be PORT');
  faults.push(...partyFaults(values, 'FRANCECONNECT'), ...partyFaults(values, 'ACADEMIC_PORTAL'));
  return faults;
}

/** A provider of identities that we go to: all of its variables or none. */
function partyFaults(values: Partial<Values>, party: 'FRANCECONNECT' | 'ACADEMIC_PORTAL'): string[] {
  const names = [`${party}_ISSUER`, `${party}_CLIENT_ID`, `${party}_CLIENT_SECRET`] as const;
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length === names.length) return [];
  const faults = missing.map((name) => `${name}: is missing; all three variables of ${party} are needed`);
  const issuer = values[`${party}_ISSUER`];
  if (issuer === undefined) return faults;
  const { protocol, origin, pathname } = new URL(issuer);
  if (protocol !== 'https:' && !(values.ALLOW_INSECURE_ISSUER && LOOPBACK.test(origin)))
    faults.push(`${party}_ISSUER: must be https`);
  // Given the document's address, the library would not compare the issuer in it.
  if (pathname.includes('/.well-known/'))
    faults.push(`${party}_ISSUER: must be the issuer, not the address of its document`);
  if (party === 'FRANCECONNECT' && pathname !== '/' && pathname.endsWith('/'))
    faults.push(`${party}_ISSUER: must not end with a slash`);
  return faults;
}

/** The longest host with which the SMS of a code is one segment (views/messages/code.sms.njk). */
const LONGEST_HOST = 63;

function smsFaults(values: Partial<Values>): string[] {
  const faults: string[] = [];
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, BASE_URL } = values;
  if (TWILIO_AUTH_TOKEN !== undefined && TWILIO_ACCOUNT_SID === undefined)
    faults.push('TWILIO_ACCOUNT_SID: is missing beside TWILIO_AUTH_TOKEN');
  if (TWILIO_ACCOUNT_SID === undefined) return faults;
  if (TWILIO_AUTH_TOKEN === undefined) faults.push('TWILIO_AUTH_TOKEN: is missing beside TWILIO_ACCOUNT_SID');
  if (BASE_URL !== undefined && new URL(BASE_URL).hostname.length > LONGEST_HOST)
    faults.push(`BASE_URL: its host must have ${LONGEST_HOST} characters or less, to fit into an SMS`);
  return faults;
}

function issuerFaults(values: Partial<Values>, baseUrl: string, loopback: boolean): string[] {
  const faults: string[] = [];
  if (values.ALLOW_INSECURE_ISSUER && !loopback)
    faults.push('ALLOW_INSECURE_ISSUER: is accepted with a loopback BASE_URL only');
  else if (baseUrl.startsWith('http:') && !values.ALLOW_INSECURE_ISSUER)
    faults.push('BASE_URL: must be https');
  if (values.HTTP_LOOPBACK_CLIENTS && !loopback)
    faults.push('HTTP_LOOPBACK_CLIENTS: is accepted with a loopback BASE_URL only');
  if (new URL(baseUrl).pathname !== '/') faults.push('BASE_URL: must have no path');
  return faults;
}

/** The variables of this process as they are, for the demo, which makes a configuration of its own out of them. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env;

/**
 * The environment of a command: where DATABASE_URL is unset, that of the demo (`.demo/env`, KEY=VALUE lines), with
 * the process's own variables before it (contract).
 */
export function commandEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const file = join(findRoot(import.meta.dirname), '.demo', 'env');
  if (env.DATABASE_URL || !existsSync(file)) return env;
  const lines = readFileSync(file, 'utf8').matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm);
  return { ...Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, value])), ...env };
}

/** The configuration as lines `NAME=value` with the secrets masked (`educonnect config check`). */
export function describeConfig(config: Config): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = config[name as keyof Values];
    if (value === undefined) continue;
    const secretValue = (SECRET_NAMES as readonly string[]).includes(name);
    shown[name] = secretValue ? '********' : Array.isArray(value) ? value.join(',') : String(value);
  }
  return shown;
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** The nearest folder upwards that has a package.json: the same from `src/` and from `dist/src/`. */
function findRoot(from: string): string {
  let folder = from;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) return from;
    folder = parent;
  }
  return folder;
}
