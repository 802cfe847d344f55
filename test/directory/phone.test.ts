import { expect, test } from '@jest/globals';
import { normaliseMobile } from '../../src/directory/phone.ts';

const extraPrefixes = ['+3363998'];
const in13 = { academyCode: '13', extraPrefixes };
const inReunion = { academyCode: '28', extraPrefixes };

test.each([
  ['+33 6 12 34 56 78', '+33612345678'],
  ['0612345678', '+33612345678'],
  ['06.12.34.56.78 (mère)', '+33612345678'],
  ['612345678', '+33612345678'],
  ['+33 (0)6 12 34 56 78', '+33612345678'],
  ['0033 6 12 34 56 78', '+33612345678'],
  ['+33 06 12 34 56 78', '+33612345678'],
  ['O6 12 34 56 78', '+33612345678'],
  ['07 30 12 34 56', '+33730123456'],
  ['06 39 98 12 34', '+33639981234'],
  ['+33639981234', '+33639981234'],
  ['+32 470 12 34 56', '+32470123456'],
  ['0692 12 34 56', '+262692123456'],
  ['+262 692 12 34 56', '+262692123456'],
  ['0696 12 34 56', '+596696123456'],
  ['0639 12 34 56', '+262639123456'],
  ['+590 691 99 99 99', '+590691999999'],
])('%s is the mobile %s', (typed, expected) => {
  expect(normaliseMobile(typed, in13)).toBe(expected);
});

test.each([
  ['0000000000'],
  ['06 12 34 56 7'],
  ['06 12 34 56 78 9'],
  ['01 23 45 67 89'],
  ['0700123456'],
  [''],
  ['non communiqué'],
  ['+33'],
  ['1111111111'],
  [`06${'1'.repeat(100)}`],
])('"%s" is no mobile', (typed) => {
  expect(normaliseMobile(typed, in13)).toBeNull();
});

test('numbers that several territories share follow the académie, or the UAI', () => {
  expect(normaliseMobile('0709 30 12 34', { academyCode: '33', extraPrefixes })).toBe('+594709301234');
  expect(normaliseMobile('0709 30 12 34', inReunion)).toBeNull();
  expect(normaliseMobile('87 12 34 56', { academyCode: '41', extraPrefixes })).toBe('+68987123456');
  expect(normaliseMobile('87 12 34 56', { uai: '9870001A', extraPrefixes })).toBe('+68987123456');
});

test('the extra prefixes count only where they are configured', () => {
  expect(normaliseMobile('06 39 98 12 34', { academyCode: '13', extraPrefixes: [] })).toBe('+262639981234');
});
