import { expect, test } from '@jest/globals';
import { portalPeople } from '../../src/demo/academic-portal-people.ts';
import type { Persona } from '../../src/demo/personas.ts';
import { readGrants } from '../../src/staff/claims.ts';
import { testConfig } from '../support/deps.ts';

const persona = (key: string, schools: string[]): Persona => ({
  key,
  what: key,
  profile: 'staff',
  given_name: 'Paule',
  family_name: 'EXEMPLE',
  academic_portal: { login: `login.${key}` },
  schools,
});

test('the portal says of each persona of the staff what the persona is', () => {
  const people = portalPeople([
    persona('director-one-school', ['0319901U']),
    persona('director-three-schools', ['0319902V', '0319903W', '0319904X']),
    persona('head-college', ['0319950X']),
    persona('delegate-troubleshooting', ['0319950X']),
    persona('staff-without-rights', []),
    { ...persona('guardian', []), academic_portal: undefined } as never,
  ]);
  const config = testConfig('mysql://u@h/d');
  const told = people.map(({ login, key, rights }) => {
    const grants = readGrants(config, rights).map(({ uai, role }) => `${uai} ${role}`);
    return [login, key, ...grants];
  });
  expect(told).toEqual([
    ['login.director-one-school', false, '0319901U head'],
    ['login.director-three-schools', false, '0319902V head', '0319903W head', '0319904X head'],
    ['login.head-college', true, '0319950X head'],
    ['login.delegate-troubleshooting', false, '0319950X troubleshooting'],
    ['login.staff-without-rights', false],
  ]);
});
