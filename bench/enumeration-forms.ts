/** The forms that must not tell who is known (security.md, E01), and whom they are filled in for. */

/** Numbers kept for fiction: four digits behind it. */
export const FICTION = '+3363998';

export type Person = {
  identifier: string;
  email: string;
  familyName: string;
  givenName: string;
  mobile: string;
};
export type Form = {
  what: string;
  page: string;
  /** Whether one comes to it through FranceConnect. */
  franceConnect?: true;
  fields(person: Person): Record<string, string>;
};

export const FORMS: readonly Form[] = [
  {
    what: 'SMS start',
    page: 'inscription',
    fields: (p) => ({ family_name: p.familyName, given_name: p.givenName, mobile: p.mobile }),
  },
  {
    what: 'FranceConnect, first link',
    page: 'telephone',
    franceConnect: true,
    fields: (p) => ({ mobile: p.mobile }),
  },
  { what: 'forgotten identifier, mail', page: 'identifiant-oublie', fields: (p) => ({ email: p.email }) },
  {
    what: 'forgotten identifier, SMS',
    page: 'identifiant-oublie/sms',
    fields: (p) => ({ family_name: p.familyName, given_name: p.givenName, mobile: p.mobile }),
  },
  {
    what: 'forgotten password, mail',
    page: 'mot-de-passe-oublie',
    fields: (p) => ({ identifier: p.identifier }),
  },
  {
    what: 'forgotten password, SMS',
    page: 'mot-de-passe-oublie/sms',
    fields: (p) => ({ identifier: p.identifier, mobile: p.mobile }),
  },
  {
    what: 'login, wrong password',
    page: 'connexion?profil=responsable',
    fields: (p) => ({ identifier: p.identifier, password: 'autre7chose' }),
  },
];

/** Somebody whom no school knows; numbers from the other end. */
export function nobody(index: number): Person {
  return {
    identifier: `b.nobody${index}`,
    email: `nobody${index}@example.org`,
    familyName: 'PERSONNEVOICI',
    givenName: 'Aucune',
    mobile: `${FICTION}${9999 - index}`,
  };
}
