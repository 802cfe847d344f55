import { findAccountById } from '../accounts/store.ts';
import { openProvisional } from '../credentials/provisional.ts';
import type { Deps } from '../deps.ts';
import { normaliseMobile } from '../directory/phone.ts';
import { SCHOOLS } from './sample-schools/schools.ts';
import type { CastMember, SamplePupil, SchoolKey, World } from './sample-schools/types.ts';
import { ADDRESSES, PASSWORDS } from './staging.ts';
import { accountIdOfPupil, accountIdOfReference } from './store.ts';

/** The sample people as programs read them: the shape of `.demo/personas.json` (contract). */
export type Persona = {
  key: string;
  what: string;
  profile: 'guardian' | 'pupil' | 'staff';
  given_name: string;
  family_name: string;
  /** E.164. */
  mobile?: string;
  email?: string;
  identifier?: string;
  provisional_password?: string;
  password?: string;
  /** `YYYY-MM-DD`, of a pupil. */
  birth_date?: string;
  children?: { given_name: string; family_name: string; birth_date: string; school: string }[];
  franceconnect?: { login: string };
  academic_portal?: { login: string };
  /** UAI of the schools that a member of staff has, or where a pupil is. */
  schools?: string[];
};

/** Guardians whom the simulator of FranceConnect knows by `login`. */
const WITH_FRANCECONNECT = [
  'franceconnect-path',
  'shared-mobile-1',
  'shared-mobile-2',
  'overseas',
  'regroup-1',
  'regroup-2',
  // To whom FranceConnect is another way in, or none at all.
  'activated',
  'expired',
  'no-ine',
];

/** Reads the people of the cast back from the database, after the import and the staging. */
export async function readPersonas(deps: Deps, world: World): Promise<Persona[]> {
  const guardians: Persona[] = [];
  for (const member of world.cast) guardians.push(await guardianPersona(deps, member));
  const pupil = await pupilPersona(deps, world);
  return [...guardians, ...(pupil ? [pupil] : []), ...staffPersonas()];
}

async function guardianPersona(
  deps: Deps,
  { key, what, feed, guardian, pupils }: CastMember,
): Promise<Persona> {
  const academyCode = feed.academy.code;
  const reference = { academyCode, degree: feed.degree, sourceId: guardian.sourceId };
  const accountId = await accountIdOfReference(deps.db, reference);
  const account = accountId === null ? null : await findAccountById(deps.db, accountId);
  const extraPrefixes = deps.config.PHONE_EXTRA_MOBILE_PREFIXES;
  const mobile = normaliseMobile(guardian.mobile ?? undefined, { academyCode, extraPrefixes });
  const email = account?.email ?? guardian.email ?? ADDRESSES[key];
  const provisional = account && openProvisional(deps, account);
  return {
    key,
    what,
    profile: 'guardian',
    given_name: guardian.givenName,
    family_name: guardian.familyName,
    ...(mobile ? { mobile } : {}),
    ...(email ? { email } : {}),
    ...(account ? { identifier: account.identifier } : {}),
    ...(provisional ? { provisional_password: provisional } : {}),
    ...(PASSWORDS[key] ? { password: PASSWORDS[key] } : {}),
    children: pupils.map(childOf),
    ...(WITH_FRANCECONNECT.includes(key) ? { franceconnect: { login: loginOf(guardian) } } : {}),
  };
}

const childOf = (pupil: SamplePupil) => ({
  given_name: pupil.givenName,
  family_name: pupil.familyName,
  birth_date: pupil.birthDate,
  school: pupil.school.uai,
});

async function pupilPersona(deps: Deps, { pupil: { feed, pupil } }: World): Promise<Persona | null> {
  const record = { academyCode: feed.academy.code, degree: feed.degree, sourceId: pupil.sourceId };
  const id = await accountIdOfPupil(deps.db, record);
  const account = id === null ? null : await findAccountById(deps.db, id);
  const provisional = account && openProvisional(deps, account);
  if (!account || !provisional) return null;
  return {
    key: 'pupil-provisional',
    what: 'A pupil of the collège who got a password from the school.',
    profile: 'pupil',
    given_name: pupil.givenName,
    family_name: pupil.familyName,
    identifier: account.identifier,
    provisional_password: provisional,
    birth_date: pupil.birthDate,
    schools: [pupil.school.uai],
  };
}

function staffPersonas(): Persona[] {
  const staff = (
    key: string,
    what: string,
    givenName: string,
    familyName: string,
    schools: SchoolKey[],
  ): Persona => ({
    key,
    what,
    profile: 'staff',
    given_name: givenName,
    family_name: familyName,
    email: `${loginOf({ givenName, familyName })}@example.org`,
    academic_portal: { login: loginOf({ givenName, familyName }) },
    schools: schools.map((school) => SCHOOLS[school].uai),
  });
  return [
    staff('director-one-school', 'Director of one primary school.', 'Paule', 'DIRECTRICE', ['guide']),
    staff('director-three-schools', 'Director of three primary schools.', 'Claire', 'TROISÉCOLES', [
      'second',
      'village',
      'hamlet',
    ]),
    staff('head-college', 'Head of the collège, with a security key.', 'Jeanne', 'PRINCIPALE', ['college']),
    staff('delegate-troubleshooting', "May set new passwords for the collège's pupils.", 'Simon', 'DÉLÉGUÉ', [
      'college',
    ]),
    staff('staff-without-rights', 'Teaches at the collège; administers nothing.', 'Inès', 'PROFESSEURE', []),
  ];
}

/** `given.family`, in small plain letters. */
function loginOf({ givenName, familyName }: { givenName: string; familyName: string }): string {
  const plain = (text: string) =>
    text
      .replace(/Œ/gi, 'oe')
      .normalize('NFD')
      .replace(/[^a-z]/gi, '')
      .toLowerCase();
  return `${plain(givenName)}.${plain(familyName)}`;
}
