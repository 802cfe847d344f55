import { expect, test } from '@jest/globals';
import type { AccountState, PasswordKind } from '../../src/accounts/types.ts';
import { chooseMessage } from '../../src/messages/choice.ts';

/** R-124 with X3 (a pending provisional password is told) and X14 (FranceConnect only: no password to tell). */
const MATRIX: [AccountState, PasswordKind, string, string][] = [
  ['not_notified', 'provisional', 'C01', 'C02'],
  ['notified', 'provisional', 'C01', 'C02'],
  ['activating', 'personal', 'C03', 'C04'],
  ['activating', 'provisional', 'C05', 'C06'],
  ['activated', 'personal', 'C03', 'C04'],
  ['activated', 'none', 'C03', 'C04'],
  ['activated', 'provisional', 'C05', 'C06'],
];

test.each(MATRIX)('%s with a %s password: sheet %s, mail %s', (state, password, sheet, email) => {
  expect(chooseMessage(state, password, 'sheet')).toBe(sheet);
  expect(chooseMessage(state, password, 'email')).toBe(email);
});
