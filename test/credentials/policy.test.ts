import { describe, expect, test } from '@jest/globals';
import { checkPassword } from '../../src/credentials/policy.ts';

const policy = { PASSWORD_MIN_LENGTH: 8, PASSWORD_MAX_LENGTH: 14 };
const facts = {
  identifier: 'g.zoumn2',
  names: ['Guillaume', 'ZOUMN', 'Lucie', "D'Ünès", "L'HÉRITIER"],
  birthDates: ['2017-03-09'],
  provisional: 'GVKJ7PPE23',
};
const faults = (candidate: string) => checkPassword(policy, candidate, facts);

describe('R-065: 8 to 14 characters, digits and letters both', () => {
  test.each(['t4ble-verte', 'aB3defgh', 'quatorze14 car', 'é8éàùçïî'])('accepts %j', (candidate) => {
    expect(faults(candidate)).toEqual([]);
  });
  test.each([
    ['abc4567', ['too-short']],
    ['abcdefgh1234567', ['too-long']],
    ['84629371', ['no-letter']],
    ['abcdefgh', ['no-digit']],
    ['', ['too-short', 'no-letter', 'no-digit']],
    [' tablever7', ['unreadable']],
    ['table7ver ', ['unreadable']],
    ['table\u0000ver7', ['unreadable']],
    ['a1'.repeat(500_000), ['too-long']],
  ])('refuses %j', (candidate, expected) => {
    expect(faults(candidate)).toEqual(expected);
  });
  test('characters are counted, not bytes or UTF-16 units', () => {
    expect(faults('😀😀😀😀😀a1')).toEqual(['too-short']);
    expect(faults('😀bc😁😂zyxwv12')).toEqual([]);
  });
});

describe('C02: what a password must not be made of', () => {
  test.each(['gvkj7ppe23', 'GVKJ7PPE23'])('the provisional password, in any case: %s', (candidate) => {
    expect(faults(candidate)).toEqual(['provisional']);
  });
  test.each([
    'g.zoumn2',
    'xgzoumn2x',
    'guillaume1',
    'LUCIE12345',
    'dunes2026',
    'zoumnzoumn9',
    'ab09032017',
    'Heritier2022',
    'lheritier22',
    '20170309x',
  ])('names, identifier, birth dates: %s', (candidate) => {
    expect(faults(candidate)).toEqual(['personal']);
  });
  test.each(['azerty123', 'MotDePasse1', 'password1', 'educonnect26', '12soleil34', 'aaaa1111'])(
    'what attackers try first: %s',
    (candidate) => {
      expect(faults(candidate)).toEqual(['common']);
    },
  );
  test('bounds come from configuration (X18)', () => {
    const wide = { PASSWORD_MIN_LENGTH: 12, PASSWORD_MAX_LENGTH: 64 };
    expect(checkPassword(wide, 'chaise verte et 3 lampes', facts)).toEqual([]);
    expect(checkPassword(wide, 'aB3defgh', facts)).toEqual(['too-short']);
  });
});
