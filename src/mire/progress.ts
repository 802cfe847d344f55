import type { Enrolment, Progress } from '../enrolment/types.ts';

export type { Progress };

/** Address of the page that a step belongs to, below `/interaction/:uid`. */
const PAGES = {
  'new-password': 'mot-de-passe',
  address: 'adresse',
  'birth-date': 'naissance',
  activation: 'activation',
  done: 'continuer',
} as const satisfies Record<Progress['step'], string>;

/** Where the visitor stands -> the page that he belongs on; nowhere yet: the choice of the profile. */
export function pathOf(uid: string, progress: Progress | null): string {
  return progress === null ? below(uid) : below(uid, PAGES[progress.step]);
}

/** An address of this interaction. The provider's cookie is scoped to `/interaction/:uid`, so all stay under it. */
export function below(uid: string, page?: string): string {
  const start = `/interaction/${encodeURIComponent(uid)}`;
  return page === undefined ? start : `${start}/${page}`;
}

/** The login page of guardians, with all ways in. */
export const waysOf = (uid: string) => below(uid, 'connexion?profil=responsable');

/** The same for the ways in that need no school. */
const ENROLMENT_PAGES = {
  mobile: 'telephone',
  code: 'code',
  names: 'nom',
  children: 'enfants',
  credentials: 'identifiants',
  done: 'continuer',
} as const satisfies Record<Enrolment['step'], string>;

/** Where the visitor stands on a way without the school -> the page that he belongs on. */
export function pathOfEnrolment(uid: string, { step }: Enrolment): string {
  return below(uid, ENROLMENT_PAGES[step]);
}
