import type { AccountKind } from '../../accounts/types.ts';

/** Opens the login page of the profile with the identifier filled in; the password is never part of it. */
export function loginUrl(baseUrl: string, identifier: string, of: AccountKind = 'guardian'): string {
  const profile = of === 'pupil' ? 'profil=eleve&' : '';
  return `${baseUrl}/connexion?${profile}identifiant=${encodeURIComponent(identifier)}`;
}
