import type { Child, DirectoryRecord } from '../directory/children.ts';
import type { Person } from './rows.ts';

/** How the person proved who he is, at the login that this token descends from. */
export type Proof = { authTime?: number | undefined; acr?: string | undefined; amr?: string[] | undefined };

/** Scope -> claims (contract.md, "The provider"). What a client is not granted is filtered by the library. */
export const CLAIMS = {
  openid: ['sub', 'auth_time', 'acr', 'amr'],
  profile: ['given_name', 'family_name', 'name'],
  email: ['email', 'email_verified'],
  educonnect: ['FrEduCtPersonAffiliation', 'FrEduCtDateConnexion', 'FrEduOrigAuth', 'FrEduUrlRetour'],
  educonnect_ref: ['FrEduCtRefId'],
  educonnect_eleves: ['FrEduVecteur', 'eleves'],
  educonnect_ine: ['eleves'],
};

export type ClaimsInput = {
  person: Person;
  /** Those in schools where the service is active; no others are ever told (contract). */
  children: readonly Child[];
  proof: Proof;
  scopes: ReadonlySet<string>;
  /** Where a service sends the person to sign out. */
  logoutUrl: string;
};

/** The claims of userinfo. */
export function userinfoClaims({ person, children, proof, scopes, logoutUrl }: ClaimsInput) {
  const { authTime, acr, amr } = proof;
  return {
    sub: person.publicId,
    auth_time: authTime,
    acr,
    amr,
    given_name: person.givenName,
    family_name: person.familyName,
    name: `${person.givenName} ${person.familyName}`,
    ...(person.email !== null && { email: person.email, email_verified: person.emailVerifiedAt !== null }),
    FrEduCtPersonAffiliation: affiliations(person, children),
    // The library keeps back what is not granted; what takes time is not made for it to throw away.
    ...(scopes.has('educonnect') &&
      person.lastLoginAt !== null && { FrEduCtDateConnexion: parisTime(person.lastLoginAt) }),
    FrEduOrigAuth: amr?.includes('fc') ? 'FC' : 'ECT',
    FrEduUrlRetour: logoutUrl,
    FrEduCtRefId: unique(children.flatMap((child) => child.reachedBy.map(reference))),
    // `educonnect_ine` adds to `eleves`; alone it gives nothing.
    ...(scopes.has('educonnect_eleves') && {
      FrEduVecteur: children.map((child) => vector(person, child)),
      eleves: children.map((child) => pupil(child, scopes.has('educonnect_ine'))),
    }),
  };
}

function affiliations({ kind }: Person, children: readonly Child[]): string[] {
  const names = children.map(({ degree }) => (kind === 'guardian' ? `resp${degree}d` : `eleve${degree}d`));
  return unique(names).sort();
}

function reference({ academyCode, degree, sourceId }: DirectoryRecord): string {
  return `{AAF}${academyCode}|${degree}|${sourceId}`;
}

/** As ENTs know it: 1 and 2 a guardian of the first or second degree, 3 and 4 a pupil; the names are the person's. */
function vector({ kind, familyName, givenName }: Person, child: Child): string {
  const type = (kind === 'guardian' ? 0 : 2) + child.degree;
  const pupilId = child.siecleId ?? child.record.sourceId;
  return [type, familyName, givenName, pupilId, child.uai]
    .map((part) => String(part).replaceAll('|', ' '))
    .join('|');
}

function pupil(child: Child, withIne: boolean) {
  return {
    given_name: child.givenName,
    family_name: child.familyName,
    uai: child.uai,
    school: child.school,
    degree: child.degree,
    class: child.class,
    level: child.level,
    mef: child.mef,
    ref: reference(child.record),
    ...(withIne && { ine: child.ine }),
  };
}

const PARIS = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** `2021-10-08 11:51:33.437`, the hour of Paris, as EduConnect writes it. */
export function parisTime(at: Date): string {
  return `${PARIS.format(at)}.${String(at.getUTCMilliseconds()).padStart(3, '0')}`;
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
