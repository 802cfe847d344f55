import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ConfigError, commandEnvironment, describeConfig, loadConfig } from '../../src/config.ts';

const good = {
  BASE_URL: 'https://educonnect.example',
  DATABASE_URL: 'mysql://app:s3cret@db1.example:3306,db2.example/educonnect',
  COOKIE_KEYS: 'k1-0123456789abcdef01234567,k2-0123456789abcdef01234567',
  SEALING_KEYS: 's1-0123456789abcdef01234567',
  SUBJECT_SALT: 'x1-0123456789abcdef01234567',
  SMTP_URL: 'smtp://mail.example:25',
};
const faultsOf = (env: Record<string, string | undefined>) => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [...error.faults];
    throw error;
  }
};

describe('the configuration', () => {
  test('is read with its defaults and cannot be changed', () => {
    const config = loadConfig(good);
    expect(config).toMatchObject({
      issuer: 'https://educonnect.example/oidc',
      secure: true,
      PORT: 3000,
      PASSWORD_MAX_LENGTH: 14,
    });
    expect(config.COOKIE_KEYS).toHaveLength(2);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('names every fault at once, and no value', () => {
    const faults = faultsOf({
      ...good,
      BASE_URL: undefined,
      PORT: 'many',
      COOKIE_KEYS: 'short',
      SEALING_KEYS: '',
    });
    expect(faults.map((fault) => fault.split(':')[0]?.split('.')[0]).sort()).toEqual([
      'BASE_URL',
      'COOKIE_KEYS',
      'PORT',
      'SEALING_KEYS',
    ]);
    expect(faults.join()).not.toContain('short');
  });

  test('says what is wrong in words, of one variable whatever is wrong with the others', () => {
    const faults = faultsOf({
      BASE_URL: 'http://foo',
      PORT: 'many',
      LOG_LEVEL: 'loud',
      PASSWORD_MIN_LENGTH: '3',
    });
    expect(faults).toEqual(
      expect.arrayContaining([
        'BASE_URL: must be https',
        'DATABASE_URL: is missing',
        'COOKIE_KEYS: is missing',
        'PORT: must be a whole number',
        'PASSWORD_MIN_LENGTH: must be 8 or more',
        expect.stringMatching(/^LOG_LEVEL: must be one of fatal, error/),
      ]),
    );
    expect(faults.join('\n')).not.toMatch(/expected|received|NaN|undefined/);
  });

  test('M03: production refuses default secrets and a plain http issuer', () => {
    expect(faultsOf({ ...good, SUBJECT_SALT: 'change-me-change-me-change-me' })).toEqual([
      expect.stringContaining('SUBJECT_SALT'),
    ]);
    expect(faultsOf({ ...good, BASE_URL: 'http://educonnect.example' })).toEqual([
      expect.stringContaining('https'),
    ]);
    expect(faultsOf({ ...good, BASE_URL: 'http://educonnect.example', ALLOW_INSECURE_ISSUER: '1' })).toEqual([
      expect.stringContaining('loopback'),
    ]);
    expect(faultsOf({ ...good, BASE_URL: 'http://localhost:3000', ALLOW_INSECURE_ISSUER: '1' })).toEqual([]);
  });

  test('M03: a public issuer cannot switch the checks off', () => {
    const samples = { ...good, ALLOW_INSECURE_ISSUER: '1', SEALING_KEYS: 'sample-sealing-key-of-the-demo' };
    expect(faultsOf(samples)).toEqual([
      expect.stringContaining('ALLOW_INSECURE_ISSUER'),
      expect.stringContaining('SEALING_KEYS'),
    ]);
    expect(faultsOf({ ...good, HTTP_LOOPBACK_CLIENTS: '1' })).toEqual([
      expect.stringContaining('HTTP_LOOPBACK_CLIENTS'),
    ]);
  });

  test.each([
    ['TRUSTED_PROXIES', '10.0.0.0/8,nonsense'],
    ['TRUSTED_PROXIES', '10.0.0.0/40'],
    ['TRUSTED_CLIENT_ORIGINS', 'nonsense'],
    ['DATABASE_URL', 'mysql://host'],
    ['MAIL_FROM', 'nobody'],
    ['METRICS_PORT', '3000'],
    ['SESSION_IDLE_MINUTES', '1000'],
    ['SMS_MOBILE_PREFIXES', '+336,0692'],
    ['PHONE_EXTRA_MOBILE_PREFIXES', '06'],
    ['CODE_VALID_MINUTES', '11'],
    ['TWILIO_SENDER', 'Twelve lette'],
  ])('%s=%s is refused before anything starts', (name, value) => {
    expect(faultsOf({ ...good, [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  test('the carrier of SMS is configured whole or not at all', () => {
    const sid = { TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` };
    const token = { TWILIO_AUTH_TOKEN: 'token' };
    expect(faultsOf({ ...good, ...sid })).toEqual([expect.stringMatching(/^TWILIO_AUTH_TOKEN: is missing/)]);
    expect(faultsOf({ ...good, ...token })).toEqual([
      expect.stringMatching(/^TWILIO_ACCOUNT_SID: is missing/),
    ]);
    expect(faultsOf({ ...good, ...sid, ...token })).toEqual([]);
    const wrong = { TWILIO_ACCOUNT_SID: 'SK1' };
    expect(faultsOf({ ...good, ...wrong, ...token })[0]).toMatch(/^TWILIO_ACCOUNT_SID: must begin with AC/);
    const long = `https://${'a'.repeat(60)}.example`;
    expect(faultsOf({ ...good, BASE_URL: long })).toEqual([]);
    expect(faultsOf({ ...good, ...sid, ...token, BASE_URL: long })).toEqual([
      expect.stringMatching(/^BASE_URL: its host/),
    ]);
  });

  test('FranceConnect is configured whole or not at all, by its issuer, over https', () => {
    const whole = {
      FRANCECONNECT_ISSUER: 'https://oidc.franceconnect.example/api/v2',
      FRANCECONNECT_CLIENT_ID: 'id',
      FRANCECONNECT_CLIENT_SECRET: 'secret-of-franceconnect',
    };
    expect(faultsOf({ ...good, ...whole })).toEqual([]);
    for (const name of Object.keys(whole))
      expect(faultsOf({ ...good, ...whole, [name]: '' })).toEqual([
        expect.stringMatching(new RegExp(`^${name}: is missing`)),
      ]);
    const from = (issuer: string, more = {}) =>
      faultsOf({ ...good, ...whole, FRANCECONNECT_ISSUER: issuer, ...more });
    expect(from('http://oidc.franceconnect.example/api/v2')).toEqual(['FRANCECONNECT_ISSUER: must be https']);
    expect(from('http://localhost:3001/api/v2')).toEqual(['FRANCECONNECT_ISSUER: must be https']);
    const loopback = { BASE_URL: 'http://localhost:3000', ALLOW_INSECURE_ISSUER: '1' };
    expect(from('http://localhost:3001/api/v2', loopback)).toEqual([]);
    for (const path of ['/api/v2/', '/api/v2/.well-known/openid-configuration'])
      expect(from(`https://oidc.franceconnect.example${path}`)).toHaveLength(1);
    expect(describeConfig(loadConfig({ ...good, ...whole }))).toMatchObject({
      FRANCECONNECT_CLIENT_SECRET: '********',
    });
  });

  test('`config check` shows values with the secrets masked', () => {
    const shown = describeConfig(loadConfig(good));
    expect(shown).toMatchObject({
      BASE_URL: 'https://educonnect.example',
      DATABASE_URL: '********',
      COOKIE_KEYS: '********',
    });
    expect(JSON.stringify(shown)).not.toMatch(/s3cret|0123456789abcdef/);
  });
});

test('a command follows the demo to the folder that DEMO_FOLDER names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ec-demo-folder-'));
  writeFileSync(join(folder, 'env'), 'DATABASE_URL=mysql://demo@localhost/demo\nPORT=4300\n');
  expect(commandEnvironment({ DEMO_FOLDER: folder, PORT: '1' })).toEqual({
    DEMO_FOLDER: folder,
    DATABASE_URL: 'mysql://demo@localhost/demo',
    PORT: '1',
  });
  const own = { DEMO_FOLDER: folder, DATABASE_URL: 'mysql://own@localhost/own' };
  expect(commandEnvironment(own)).toBe(own);
  rmSync(folder, { recursive: true });
});
