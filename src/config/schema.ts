import { isIP } from 'node:net';
import { z } from 'zod';

/** Every variable of the environment with its type, its bounds and its default; README.md tells what each is for. */

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

export const schema = z.object({
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
  TROUBLESHOOTING_PUPILS_PER_HOUR: whole(1, 10_000).default(60),
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

  // 0: for as long as it is.
  RETENTION_NEVER_ACTIVATED_DAYS: whole(0, 3650).default(0),
  RETENTION_UNUSED_MONTHS: whole(0, 120).default(0),
  RETENTION_CLOSED_MONTHS: whole(0, 120).default(0),
  RETENTION_PUPIL_LEFT_MONTHS: whole(0, 120).default(0),
  RETENTION_RECORDS_MONTHS: whole(0, 120).default(0),
  RETENTION_BRAKE_PERCENT: whole(1, 100).default(5),
  RETENTION_PER_RUN: whole(100, 10_000_000).default(200_000),
  AUDIT_MONTHS: whole(1, 120).default(12),
  FAILED_CHECK_DAYS: whole(1, 30).default(30),
  MESSAGE_DAYS: whole(1, 366).default(30),
  FORGET_DELAY_DAYS: whole(1, 60).default(7),
});

export type Values = z.output<typeof schema>;

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

function isNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}
