import { expect, test } from '@jest/globals';
import { keyedDigest, newToken, sameText, tokenHash } from '../../src/crypto/digests.ts';
import { createSealer } from '../../src/crypto/sealing.ts';
import { systemRandom } from '../support/deps.ts';

test('a sealed value opens with its context and an untouched body only', () => {
  const sealer = createSealer(['a-key-for-this-test-alone-1']);
  const sealed = sealer.seal('Zoë & Œuvre', 'row:1');
  expect(sealer.open(sealed, 'row:1')).toBe('Zoë & Œuvre');
  expect(sealer.seal('Zoë & Œuvre', 'row:1')).not.toBe(sealed);
  expect(() => sealer.open(sealed, 'row:2')).toThrow(/sealed for something else/);
  const [version, id, body = ''] = sealed.split('.');
  const altered = Buffer.from(body, 'base64url');
  altered[14] = (altered[14] ?? 0) ^ 1;
  for (const bad of [
    `${version}.${id}.${altered.toString('base64url')}`,
    `${version}.${id}.AAAA`,
    `v2.${id}.${body}`,
    `v1.00000000.${body}`,
    '',
    'x.y',
  ]) {
    expect(() => sealer.open(bad, 'row:1')).toThrow(/cannot be opened/);
  }
  expect(sealed.split('.')[1]).toBe(sealer.currentKeyId);
  expect(() => createSealer([])).toThrow(/no key/);
});

test('tokens have 256 bits; digests separate their parts and purposes', () => {
  const tokens = new Set(Array.from({ length: 1000 }, () => newToken(systemRandom)));
  expect(tokens.size).toBe(1000);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/);
  expect(tokenHash('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  expect(keyedDigest('k', 'csrf', 'ab', 'c')).not.toBe(keyedDigest('k', 'csrf', 'a', 'bc'));
  expect(keyedDigest('k', 'csrf', 'a')).not.toBe(keyedDigest('k', 'other', 'a'));
  expect(sameText('équal', 'équal')).toBe(true);
  expect(sameText('equal', 'Equal')).toBe(false);
  expect(sameText('', 'x')).toBe(false);
});
