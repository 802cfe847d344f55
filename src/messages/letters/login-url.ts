import type { AccountKind } from '../../accounts/types.ts';
import { DEFAULT_LOCALE, type Locale } from '../../languages/locales.ts';

/** Opens the login page of the profile with the identifier filled in, in the language of the family where it is known; the password is never part of it. */
export function loginUrl(
  baseUrl: string,
  identifier: string,
  of: AccountKind = 'guardian',
  language?: Locale | null,
): string {
  const profile = of === 'pupil' ? 'profil=eleve&' : '';
  const lang = language && language !== DEFAULT_LOCALE ? `&lang=${language}` : '';
  return `${baseUrl}/connexion?${profile}identifiant=${encodeURIComponent(identifier)}${lang}`;
}
