import type { SampleGuardian, SchoolKey } from './types.ts';

/** The guardians of `personas.json` before they get a family: the household they take, and what is known of them. */
export type Role = {
  key: string;
  what: string;
  school: SchoolKey;
  /** Shares the household of this other role, as its second guardian. */
  partnerOf?: string;
  guardians: 1 | 2;
  children: { title: 'M.' | 'Mme'; givenName: string }[];
  /** Drawn where it is not told. */
  person: Pick<SampleGuardian, 'title' | 'givenName' | 'familyName' | 'mobile' | 'email'>;
};

const girl = (givenName: string) => ({ title: 'Mme' as const, givenName });
const boy = (givenName: string) => ({ title: 'M.' as const, givenName });
const person = (
  title: 'M.' | 'Mme',
  givenName: string,
  familyName: string,
  mobile: string | null,
  email: string | null = null,
) => ({ title, givenName, familyName, mobile, email });

export const ROLES: Role[] = [
  {
    key: 'school-path',
    what: 'Got a letter from the school; no mail address is known.',
    school: 'guide',
    guardians: 1,
    children: [girl('Lina'), boy('Marius')],
    person: person('Mme', 'Nathalie', 'VASSEUR', '06 39 98 00 01'),
  },
  {
    key: 'school-path-email',
    what: 'Got a letter from the school, which knows his mail address.',
    school: 'guide',
    guardians: 1,
    children: [girl('Éléonore')],
    person: person('M.', 'Rémi', "L'HÉRITIER", '06.39.98.00.02', 'remi.lheritier@example.org'),
  },
  {
    key: 'sms-path',
    what: 'Was never notified; the school knows his mobile.',
    school: 'guide',
    guardians: 1,
    children: [boy('Tom'), girl('Zoé')],
    person: person('M.', 'Karim', 'BELKACEM', '+33 6 39 98 00 03', 'karim.belkacem@example.net'),
  },
  {
    key: 'franceconnect-path',
    what: 'Was never notified; comes with FranceConnect.',
    school: 'guide',
    guardians: 1,
    children: [girl('Anaïs'), boy('Noé')],
    person: person('Mme', 'Hélène', 'DE LA FONTAINE', '0639980004'),
  },
  {
    key: 'activated',
    what: 'Signs in with identifier and password.',
    school: 'guide',
    guardians: 1,
    children: [boy('Gabriel'), girl('Alice')],
    person: person('Mme', 'Sophie', 'GONÇALVES', '06 39 98 00 05', 'sophie.goncalves@example.org'),
  },
  {
    key: 'activating',
    what: 'Chose a password; the link in the activation mail was not followed yet.',
    school: 'guide',
    guardians: 1,
    children: [girl('Inès')],
    person: person('M.', 'Mathieu', 'LE GOFF', '06 39 98 00 06'),
  },
  {
    key: 'expired',
    what: 'Was notified more than three months ago and never signed in.',
    school: 'guide',
    guardians: 1,
    children: [boy('Achille')],
    person: person('Mme', 'Bérénice', 'ŒUVRARD', '06 39 98 00 07'),
  },
  {
    key: 'shared-mobile-1',
    what: 'Has the same mobile as the other parent.',
    school: 'guide',
    guardians: 2,
    children: [girl('Romane')],
    person: person('Mme', 'Aurélie', 'MARCHAND', '06 39 98 00 08'),
  },
  {
    key: 'shared-mobile-2',
    what: 'Has the same mobile as the other parent.',
    school: 'guide',
    partnerOf: 'shared-mobile-1',
    guardians: 2,
    children: [],
    person: person('M.', 'Julien', 'MARCHAND', '06 39 98 00 08'),
  },
  {
    key: 'overseas',
    what: 'Lives in La Réunion, with a mobile of the island.',
    school: 'reunion',
    guardians: 1,
    children: [girl('Kenza')],
    person: person('Mme', 'Marie-Josée', 'HOARAU', '0692 00 00 09'),
  },
  {
    key: 'regroup-1',
    what: 'One guardian with two references: this one for the child at primary school.',
    school: 'guide',
    guardians: 1,
    children: [boy('Léo')],
    person: person('M.', 'Jean-Pierre', 'DELMAS', '06 39 98 00 10', 'jp.delmas@example.org'),
  },
  {
    key: 'regroup-2',
    what: 'The same guardian: this reference is for the child at the collège.',
    school: 'college',
    guardians: 1,
    children: [girl('Juliette')],
    person: person('M.', 'Jean-Pierre', 'DELMAS', '+33639980010'),
  },
];

/** Guardians who have no account: what they are told matters too. */
export const NOT_LEGAL = {
  key: 'not-legal',
  what: 'Takes care of a pupil without being a legal guardian: has no account.',
  person: person('Mme', 'Odette', 'ROUSSEL', '06 39 98 00 11', 'odette.roussel@example.org'),
};
export const NO_INE = {
  key: 'no-ine',
  what: 'Guardian of a pupil who has no INE yet: has no account.',
  child: boy('Milo'),
  person: person('M.', 'Arnaud', 'SOULIER', '06 39 98 00 12', 'arnaud.soulier@example.org'),
};

/** The pupil of `pupil-provisional`, at the collège. */
export const PUPIL = { givenName: 'Salomé', familyName: 'TESSIER', birthDate: '2013-04-17', level: '4EME' };

/** Who answers for her: may give her a new password. */
export const PUPIL_GUARDIAN = {
  key: 'pupil-guardian',
  what: 'A guardian of pupil-provisional, with a letter from the collège: gives her another password in « Mon compte ».',
};
