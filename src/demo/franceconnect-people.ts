import { createHash } from 'node:crypto';
import type { Persona } from './personas.ts';

/** What FranceConnect knows of somebody, as its claims (integration.md 1.3), by the login of the sample provider. */
export type FranceConnectPerson = {
  login: string;
  what: string;
  /** The names are those of birth, as the civil registry spells them. */
  identity: Identity;
  /** From the second visit on: the registry has corrected or changed it. */
  later?: Partial<Identity>;
  /** FranceConnect stops with this error on a page of its own, from which nobody returns (integration.md 1.6). */
  stopsWith?: 'Y010004' | 'Y010015';
};

export type Identity = {
  given_name: string;
  family_name: string;
  preferred_username?: string;
  /** Day or month 00: « présumé né ». */
  birthdate: string;
  gender: 'male' | 'female';
  /** COG; empty of people born abroad. */
  birthplace: string;
  birthcountry: string;
  email?: string;
};

const FRANCE = '99100';

/** Persons of `personas.json` who have an account there, and the awkward kinds. */
export function franceConnectPeople(personas: readonly Persona[]): FranceConnectPerson[] {
  const known = new Map<string, FranceConnectPerson>();
  for (const persona of personas) {
    const login = persona.franceconnect?.login;
    // One person has one account there, however many records the schools keep of him.
    if (login !== undefined && !known.has(login)) known.set(login, personOf(persona, login));
  }
  return [...known.values(), ...OTHERS];
}

/** What differs from the school's spelling, persona by persona. */
const ODDITIES: Record<string, Partial<Identity>> = {
  // Known at school by her name of use.
  'franceconnect-path': {
    given_name: 'HELENE MARIE',
    family_name: 'MOREAU',
    preferred_username: 'DE LA FONTAINE',
  },
  'shared-mobile-1': { given_name: 'AURELIE', family_name: 'PETIT', preferred_username: 'MARCHAND' },
  overseas: { birthplace: '97411' },
};

function personOf(persona: Persona, login: string): FranceConnectPerson {
  const identity: Identity = {
    given_name: plain(persona.given_name),
    family_name: plain(persona.family_name),
    birthdate: birthDateOf(login),
    gender: FEMALE.test(persona.given_name) ? 'female' : 'male',
    birthplace: '75112',
    birthcountry: FRANCE,
    ...(persona.email ? { email: persona.email } : {}),
    ...ODDITIES[persona.key],
  };
  return { login, what: persona.what, identity };
}

/** Capitals, some accents lost: as the registry keeps them. */
const plain = (name: string) =>
  name.normalize('NFD').replace(/\p{M}/gu, '').replace(/Œ/g, 'OE').toUpperCase();

const FEMALE = /^(Nathalie|Hélène|Sophie|Bérénice|Aurélie|Marie-Josée|Odette)$/;

/** Invented, the same each time: between 1975 and 1990. */
function birthDateOf(login: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(login).digest();
  const two = (part: number) => String(part).padStart(2, '0');
  return `${1975 + (a % 16)}-${two(1 + (b % 12))}-${two(1 + (c % 28))}`;
}

const someone = (identity: Partial<Identity>): Identity => ({
  given_name: 'CAMILLE',
  family_name: 'EXEMPLE',
  birthdate: '1980-05-12',
  gender: 'female',
  birthplace: '69123',
  birthcountry: FRANCE,
  ...identity,
});

const OTHERS: FranceConnectPerson[] = [
  {
    login: 'nee.ailleurs',
    what: 'Born abroad on a day that nobody knows, with one name and no mail address.',
    identity: someone({
      given_name: 'AMINATA',
      family_name: 'X',
      birthdate: '1984-00-00',
      birthplace: '',
      birthcountry: '99335',
    }),
  },
  {
    login: 'homonyme.un',
    what: 'Has the names of another person.',
    identity: someone({
      given_name: 'JEAN PAUL',
      family_name: 'MARTIN',
      gender: 'male',
      birthdate: '1979-02-03',
    }),
  },
  {
    login: 'homonyme.deux',
    what: 'Has the names of another person.',
    identity: someone({
      given_name: 'JEAN PAUL',
      family_name: 'MARTIN',
      gender: 'male',
      birthdate: '1991-11-30',
    }),
  },
  {
    login: 'nom.change',
    what: 'Changes her name after her first visit.',
    identity: someone({ family_name: 'AVANT', email: 'camille.avant@example.org' }),
    later: { family_name: 'AVANT', preferred_username: 'APRÈS', email: 'camille.apres@example.org' },
  },
  {
    login: 'inconnue.rnipp',
    what: 'Not found in the civil registry: FranceConnect stops on a page of its own.',
    identity: someone({}),
    stopsWith: 'Y010004',
  },
  {
    login: 'decede.rnipp',
    what: 'Dead by the civil registry: FranceConnect stops on a page of its own.',
    identity: someone({}),
    stopsWith: 'Y010015',
  },
];
