import { expect, test } from '@jest/globals';
import { waysLeft } from '../../src/accounts/ways.ts';

const nothing = { franceConnect: false, passkeys: 0 };

test('an account without a password, without FranceConnect and without a key has no way in', () => {
  expect(waysLeft({ passwordKind: 'none' }, nothing)).toEqual([]);
});

test('each way in is named', () => {
  expect(waysLeft({ passwordKind: 'personal' }, { franceConnect: true, passkeys: 2 })).toEqual([
    'password',
    'franceconnect',
    'passkey',
  ]);
});

test('a provisional password is a way in until it is over', () => {
  expect(waysLeft({ passwordKind: 'provisional' }, nothing)).toEqual(['provisional']);
  expect(waysLeft({ passwordKind: 'provisional' }, { ...nothing, provisionalOver: true })).toEqual([]);
});
