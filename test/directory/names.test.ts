import { expect, test } from '@jest/globals';
import { cleanText, plainSchoolName, searchName } from '../../src/directory/names.ts';

test('texts are composed, on one line, without marks that nobody sees', () => {
  expect(cleanText('  E\u0301loi\u0308se \n\t DE  LA\u00a0TOUR ')).toBe('Éloïse DE LA TOUR');
  expect(cleanText('a\u202eb\u200bc\u0000d')).toBe('abc d');
  expect(cleanText(undefined)).toBe('');
});

test('apostrophes and hyphens of all kinds are spaces to a search', () => {
  expect(searchName('D’AVLIS-ŒUVRE', "Jean‑L'Or")).toBe('D AVLIS ŒUVRE Jean L Or');
  expect(searchName('x'.repeat(300), 'y')).toHaveLength(250);
});

test.each([
  ['E.E.PU-LES TILLEULS-ac-TOULOUSE', 'E.E.PU-LES TILLEULS'],
  ['CLG-JEANNE BARRET-AC-ORLEANS-TOURS', 'CLG-JEANNE BARRET'],
  ['E.E.PU-DU BAC-AC-', 'E.E.PU-DU BAC-AC-'],
  ['Collège du Bac', 'Collège du Bac'],
])('people read %s without its académie', (name, plain) => {
  expect(plainSchoolName(name)).toBe(plain);
});
