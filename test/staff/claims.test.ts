import { describe, expect, test } from '@jest/globals';
import { readGrants, readMember } from '../../src/staff/claims.ts';
import { testConfig } from '../support/deps.ts';

const config = (env: Record<string, string> = {}) => testConfig('mysql://u@h/d', env);
const grants = (claims: Record<string, unknown>, env?: Record<string, string>) =>
  readGrants(config(env), claims).map(({ uai, role }) => `${uai} ${role}`);
const member = (claims: Record<string, unknown>, env?: Record<string, string>) =>
  readMember(config(env), { issuer: 'https://portail.example.test', sub: 's', claims });

describe('what the claims grant', () => {
  const cases: [string, Record<string, unknown>, string[]][] = [
    ['a text', { FrEduFonctAdm: 'DIR', FrEduRneResp: '0319901U$UAJ$PU' }, ['0319901U head']],
    [
      'lists, small letters, doubles',
      { FrEduFonctAdm: ['ENS', 'DIR'], FrEduRneResp: ['0319901u', '0319901U$X', ' 0319902V '] },
      ['0319901U head', '0319902V head'],
    ],
    ['schools without the function', { FrEduFonctAdm: 'ENS', FrEduRneResp: '0319901U' }, []],
    ['the function without schools', { FrEduFonctAdm: 'DIR' }, []],
    ['what has another form', { FrEduFonctAdm: { DIR: true }, FrEduRneResp: [1, null, '31990', "'"] }, []],
    ['a function in other letters', { FrEduFonctAdm: 'dir', FrEduRneResp: '0319901U' }, []],
    [
      'delegations, of which some are not ours',
      {
        FrEduFonctAdm: 'ADM',
        FrEduRneResp: '0319999Z',
        FrEduResDel: [
          'educonnect-administration|0319950X,0319951Y',
          'educonnect-depannage | 0319950X',
          'autre-application|0319901U',
          'educonnect-depannage',
          'educonnect-depannage|',
        ],
      },
      ['0319950X administration', '0319951Y administration', '0319950X troubleshooting'],
    ],
  ];
  test.each(cases)('%s', (_what, claims, expected) => expect(grants(claims)).toEqual(expected));

  test('is read from other claims where the configuration says so', () => {
    const env = {
      ACADEMIC_PORTAL_CLAIM_SCHOOLS: 'uai',
      ACADEMIC_PORTAL_CLAIM_FUNCTION: 'fonction',
      STAFF_HEAD_FUNCTIONS: 'CHEF,DIRECTEUR',
    };
    const claims = { fonction: 'CHEF', uai: ['0319950X'], FrEduFonctAdm: 'DIR', FrEduRneResp: '0319901U' };
    expect(grants(claims, env)).toEqual(['0319950X head']);
  });
});

describe('who it is', () => {
  test.each([
    [{ amr: ['pwd', 'otp'] }, true],
    [{ amr: 'hwk' }, true],
    [{ acr: 'https://refeds.org/profile/mfa' }, true],
    [{ amr: ['pwd'], acr: '0' }, false],
    [{ amr: { otp: true }, acr: ['https://refeds.org/profile/mfa'] }, false],
    [{}, false],
  ])('%j: with the key? %s', (claims, strong) => expect(member(claims).strong).toBe(strong));

  test.each([
    [{ email: 'Paul.Chef@Example.org' }, 'paul.chef@example.org'],
    [{ email: 'paul.chef@example.org', email_verified: true }, 'paul.chef@example.org'],
    [{ email: 'paul.chef@example.org', email_verified: false }, null],
    [{ email: 'rené@example.org' }, null],
    [{ email: ['paul.chef@example.org'] }, null],
    [{}, null],
  ])('%j leads to the feed by %s', (claims, email) => expect(member(claims).email).toBe(email));

  test('his name, however it is told', () => {
    const named = ({ givenName, familyName }: ReturnType<typeof member>) => `${givenName}|${familyName}`;
    expect(named(member({ given_name: ' Paul\n', family_name: 'CHEF' }))).toBe('Paul|CHEF');
    expect(named(member({ name: 'Paul DE LA TOUR' }))).toBe('Paul|DE LA TOUR');
    expect(named(member({ given_name: 5 }))).toBe('|');
  });
});
