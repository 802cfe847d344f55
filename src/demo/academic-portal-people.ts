import type { Persona } from './personas.ts';

/** What the simulator of the academic portal knows of the staff: names, schools, functions, keys. */
export type PortalPerson = {
  login: string;
  what: string;
  givenName: string;
  familyName: string;
  email: string;
  /** Has a key (OTP), and uses it. */
  key: boolean;
  /** Claims as the portals of the académies name them; those that do not apply are left out. */
  rights: Readonly<Record<string, string | string[]>>;
};

/** How a sample head leaves his key at home: this behind the login. */
export const WITHOUT_KEY = '.sans-cle';

const TROUBLESHOOTING = 'educonnect-depannage';

/** By the key of the persona; who is not here has the schools of a head. */
const RIGHTS: Record<string, (schools: readonly string[]) => PortalPerson['rights']> = {
  'delegate-troubleshooting': (schools) => ({
    FrEduFonctAdm: 'ADM',
    FrEduResDel: [`${TROUBLESHOOTING}|${schools.join(',')}`],
  }),
  'staff-without-rights': () => ({ FrEduFonctAdm: 'ENS' }),
};
const headOf = (schools: readonly string[]) => ({
  FrEduFonctAdm: 'DIR',
  FrEduRneResp: schools.map((uai) => `${uai}$UAJ$PU$N`),
});

const WITH_KEY = ['head-college'];

export function portalPeople(personas: readonly Persona[]): PortalPerson[] {
  return personas.flatMap((persona) => {
    const login = persona.academic_portal?.login;
    if (login === undefined) return [];
    return {
      login,
      what: persona.what,
      givenName: persona.given_name,
      familyName: persona.family_name,
      email: persona.email ?? `${login}@example.org`,
      key: WITH_KEY.includes(persona.key),
      rights: (RIGHTS[persona.key] ?? headOf)(persona.schools ?? []),
    };
  });
}
