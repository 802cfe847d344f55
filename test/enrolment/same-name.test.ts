import { describe, expect, test } from '@jest/globals';
import { identityFits, namesFit } from '../../src/enrolment/same-name.ts';

const person = (familyName: string, givenName: string, birthName: string | null = null) => ({
  familyName,
  givenName,
  birthName,
});

describe('names typed and names of the school (R-051)', () => {
  test.each([
    ['as they stand', 'MARTIN', 'Claire', person('MARTIN', 'Claire')],
    ['case', 'martin', 'CLAIRE', person('MARTIN', 'Claire')],
    ['accents', 'Lefevre', 'Helene', person('LEFÈVRE', 'Hélène')],
    ['accents that the school lost', 'Lefèvre', 'Hélène', person('LEFEVRE', 'HELENE')],
    [
      'decomposed accents',
      'Lefèvre'.normalize('NFD'),
      'Hélène'.normalize('NFD'),
      person('LEFÈVRE', 'Hélène'),
    ],
    ['ligatures', 'Lœuvre', 'Laetitia', person('LOEUVRE', 'Lætitia')],
    ['letters of other languages', 'Lodzinska', 'Soren', person('ŁODZIŃSKA', 'Søren')],
    ['a hyphen for a space', 'Le-Gall', 'Marie Claire', person('LE GALL', 'Marie-Claire')],
    ['no space', 'Legall', 'Marieclaire', person('LE GALL', 'Marie-Claire')],
    ['a curled apostrophe', 'D’Arc', 'Jeanne', person("D'ARC", 'Jeanne')],
    ['no apostrophe', 'darc', 'Jeanne', person("D'ARC", 'Jeanne')],
    ['spaces around', '  Martin ', ' Claire ', person('MARTIN', 'Claire')],
    ['a compound name the other way round', 'Durand-Martin', 'Claire', person('MARTIN DURAND', 'Claire')],
    ['the other way round, and joined', 'Legall Durand', 'Claire', person('DURAND LE GALL', 'Claire')],
    ['the birth name', 'Durand', 'Claire', person('MARTIN', 'Claire', 'DURAND')],
    ['the name of use', 'Martin', 'Claire', person('MARTIN', 'Claire', 'DURAND')],
    ['both names', 'Durand Martin', 'Claire', person('MARTIN', 'Claire', 'DURAND')],
    ['the first given name only', 'Martin', 'Claire', person('MARTIN', 'Claire Anne Sophie')],
    ['all given names', 'Martin', 'Claire, Anne, Sophie', person('MARTIN', 'Claire Anne Sophie')],
    ['more given names than the school knows', 'Martin', 'Claire Anne', person('MARTIN', 'Claire')],
    ['another alphabet', 'Иванова', 'анна', person('ИВАНОВА', 'Анна')],
  ])('fit: %s', (_, familyName, givenName, known) => {
    expect(namesFit({ familyName, givenName }, known)).toBe(true);
  });

  test.each([
    ['another name', 'Martinez', 'Claire', person('MARTIN', 'Claire')],
    ['a part of a compound name', 'Durand', 'Claire', person('MARTIN DURAND', 'Claire')],
    ['another given name', 'Martin', 'Anne', person('MARTIN', 'Claire')],
    ['a part of a given name with a hyphen', 'Martin', 'Marie', person('MARTIN', 'Marie-Claire')],
    ['a given name that only begins so', 'Martin', 'Clair', person('MARTIN', 'Claire')],
    ['the second given name', 'Martin', 'Anne', person('MARTIN', 'Claire Anne')],
    ['names in each other’s place', 'Claire', 'Martin', person('MARTIN', 'Claire')],
    ['signs only', '--', "''", person('MARTIN', 'Claire')],
    ['nothing', '', '', person('MARTIN', 'Claire')],
    ['a name of the school that is empty of letters', '', 'Claire', person('-', 'Claire')],
  ])('do not fit: %s', (_, familyName, givenName, known) => {
    expect(namesFit({ familyName, givenName }, known)).toBe(false);
  });

  test('a name of many words costs no more than its length', () => {
    const many = Array.from({ length: 30 }, (_, index) => `a${'b'.repeat(index % 3)}`);
    const started = performance.now();
    namesFit(
      { familyName: `${many.join('')}c`, givenName: 'x' },
      person(`${many.reverse().join(' ')} d`, 'x'),
    );
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe('an identity of FranceConnect (X1)', () => {
  const identity = { givenName: 'CLAIRE ANNE', familyName: 'DURAND', preferredName: null };

  test.each([
    ['by the birth name', identity, person('MARTIN', 'Claire', 'DURAND')],
    [
      'by the name of use',
      { ...identity, familyName: 'X', preferredName: 'MARTIN' },
      person('MARTIN', 'Claire'),
    ],
    ['by another given name', identity, person('DURAND', 'Anne')],
  ])('fits %s', (_, who, known) => {
    expect(identityFits(who, known)).toBe(true);
  });

  test.each([
    ['another family name', identity, person('MARTIN', 'Claire')],
    ['another given name', identity, person('DURAND', 'Paul')],
    [
      'nothing known of it',
      { givenName: null, familyName: null, preferredName: null },
      person('DURAND', 'Claire'),
    ],
    ['no given name', { ...identity, givenName: null }, person('DURAND', 'Claire')],
  ])('does not fit %s', (_, who, known) => {
    expect(identityFits(who, known)).toBe(false);
  });
});
