import { type Check, type Finding, type Needs, says } from './types.ts';

/** Each question to somebody else ends after this, in milliseconds. */
export const ASK_MS = 5000;
/** What tokens forgive (security.md, J08). */
const SKEW_S = 15;

export const configuration: Check = ({ config }) => {
  const say = says('configuration');
  const found: Finding[] = [];
  if (config.NODE_ENV !== 'production')
    found.push(say('warn', `NODE_ENV is ${config.NODE_ENV}, not production`));
  if (!config.secure) found.push(say('warn', 'BASE_URL is not https: for a demo on this machine only'));
  if (config.COOKIE_KEYS.length < 2)
    found.push(
      say('ok', 'COOKIE_KEYS has one key; put a new one before it to change it without signing anybody out'),
    );
  if (config.METRICS_PORT === undefined && config.METRICS_TOKEN === undefined)
    found.push(say('warn', 'nobody can read /metrics: set METRICS_PORT or METRICS_TOKEN'));
  if (config.secure && config.TRUSTED_PROXIES.length === 0)
    found.push(
      say(
        'warn',
        'TRUSTED_PROXIES is empty: behind a proxy all visitors then share one address, and its limits',
      ),
    );
  if (config.TWILIO_ACCOUNT_SID === undefined)
    found.push(say('warn', 'no SMS carrier: the ways in that need a code are not offered'));
  if (config.FRANCECONNECT_ISSUER === undefined)
    found.push(say('warn', 'FranceConnect is not configured, and not offered'));
  if (config.ACADEMIC_PORTAL_ISSUER === undefined)
    found.push(say('warn', 'no academic portal: nobody of the staff can come in'));
  return found.length > 0 ? found : [say('ok', 'complete')];
};

export const address: Check = async (deps, { reachIssuer }) => {
  const { config } = deps;
  const say = says('address');
  const reached = await reachIssuer(config.issuer, ASK_MS);
  if (!reached.ok)
    return [
      say(
        'fail',
        `${config.issuer} from here: ${reached.detail}; look at the proxy, its certificate, and BASE_URL`,
      ),
    ];
  return [skewOf(deps, 'address', reached.at) ?? say('ok', `${config.issuer} answers with its own name`)];
};

export const mail: Check = async ({ config }, { reachSmtp }) => {
  const reached = await reachSmtp(config, ASK_MS);
  return [
    reached.ok
      ? says('mail')('ok', 'the mail server takes us in')
      : says('mail')(
          'fail',
          `the mail server: ${reached.detail}; mails wait in the outbox; check SMTP_URL and the network`,
        ),
  ];
};

export const sms: Check = async (deps, { reachTwilio }) => {
  if (deps.config.TWILIO_ACCOUNT_SID === undefined) return [];
  const reached = await reachTwilio(deps.config, ASK_MS);
  if (!reached.ok)
    return [
      says('sms')(
        'fail',
        `Twilio: ${reached.detail}; parents can use the school's password or FranceConnect meanwhile`,
      ),
    ];
  return [skewOf(deps, 'sms', reached.at) ?? says('sms')('ok', 'Twilio knows the account')];
};

const party =
  (check: string, issuerOf: (config: Needs['config']) => string | undefined, meanwhile: string): Check =>
  async (deps, { reachIssuer }) => {
    const issuer = issuerOf(deps.config);
    if (issuer === undefined) return [];
    const reached = await reachIssuer(issuer, ASK_MS);
    if (!reached.ok) return [says(check)('fail', `${issuer}: ${reached.detail}; ${meanwhile}`)];
    return [skewOf(deps, check, reached.at) ?? says(check)('ok', `${issuer} answers with its own name`)];
  };

export const franceConnect = party(
  'franceconnect',
  (config) => config.FRANCECONNECT_ISSUER,
  'the other ways in are open meanwhile',
);
export const portal = party(
  'academic-portal',
  (config) => config.ACADEMIC_PORTAL_ISSUER,
  'nobody of the staff can come in meanwhile',
);

function skewOf({ clock }: Pick<Needs, 'clock'>, check: string, at: Date | null): Finding | null {
  if (at === null) return null;
  const seconds = Math.abs(at.getTime() - clock.now().getTime()) / 1000;
  return seconds > SKEW_S
    ? says(check)(
        'fail',
        `its clock and ours differ by ${Math.round(seconds)} s: have this machine follow NTP`,
      )
    : null;
}
