import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { allocateIdentifiers, identifierBase } from '../../src/accounts/identifier.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements } from '../support/deps.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test.each([
  ['Géraldine', 'REABU', 'g.reabu'],
  ['Éloïse', "d'Avlis-Œuvre", 'e.davlisoeuvre'],
  ['Œdipe', 'DE LA TOUR', 'o.delatour'],
  ['Jean-Paul', 'Weiß', 'j.weiss'],
  ['Łukasz', 'Wałęsa', 'l.walesa'],
  ['Øyvind', 'Åström', 'o.astrom'],
  ['Anh', 'Nguyễn', 'a.nguyen'],
  ['Иван', 'Щукин', 'i.chtchoukin'],
  ['Ελένη', 'Παππάς', 'e.pappas'],
  ['明', '李', 'x.x'],
  ['3', '42', 'x.x'],
  ['ﬁona', 'Ⅷ', 'f.viii'],
])('%s %s begins as %s', (given, family, base) => {
  expect(identifierBase(given, family)).toBe(base);
});

test('a long name is cut, and a base never ends in a digit', () => {
  const base = identifierBase('Ana', 'Abcdefghij'.repeat(20));
  expect(base).toHaveLength(60);
  expect(base).not.toMatch(/\d$/);
});

test('the first holder has no number, homonyms count on from 2, also from one call to the next', async () => {
  const people = [
    { givenName: 'Paul', familyName: 'Selazogn' },
    { givenName: 'Ana', familyName: 'Cosams' },
    { givenName: 'Piérre', familyName: 'SELAZOGN' },
  ];
  expect(await allocateIdentifiers(database.db, people)).toEqual(['p.selazogn', 'a.cosams', 'p.selazogn2']);
  expect(await allocateIdentifiers(database.db, people)).toEqual(['p.selazogn3', 'a.cosams2', 'p.selazogn4']);
  expect(await allocateIdentifiers(database.db, [])).toEqual([]);
});

test('300 homonyms take three statements and no more', async () => {
  const counted = countStatements(database.db);
  const people = Array.from({ length: 300 }, () => ({ givenName: 'Marie', familyName: 'Martin' }));
  const identifiers = await allocateIdentifiers(database.db, people);
  counted.stop();
  expect(identifiers[0]).toBe('m.martin');
  expect(identifiers[299]).toBe('m.martin300');
  expect(new Set(identifiers).size).toBe(300);
  expect(counted.statements.length).toBeLessThanOrEqual(3);
});

test('callers at once never receive the same identifier', async () => {
  const names = ['Durand', 'Petit', 'Moreau', 'Roux', 'Blanc'];
  const people = Array.from({ length: 300 }, (_, i) => ({
    givenName: 'Zoé',
    familyName: names[i % 5] as string,
  }));
  const rounds = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      allocateIdentifiers(database.db, i % 2 ? people : people.toReversed()),
    ),
  );
  const all = rounds.flat();
  expect(all).toHaveLength(2400);
  expect(new Set(all).size).toBe(2400);
  expect(all.filter((identifier) => identifier.startsWith('z.durand'))).toHaveLength(480);
});
