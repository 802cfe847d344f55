/** Opens the login page with the identifier filled in; the password is never part of it. */
export function loginUrl(baseUrl: string, identifier: string): string {
  return `${baseUrl}/connexion?identifiant=${encodeURIComponent(identifier)}`;
}
