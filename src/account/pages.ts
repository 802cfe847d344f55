/** What the pages of `views/account/` are given. Templates write the sentences. */

/** `account/home`: « Mon compte ». `kind` decides between « Mes enfants » and « Ma scolarité ». */
export type HomePage = {
  kind: 'guardian' | 'pupil';
  name: string;
  services: { name: string; href: string }[];
  children: { name: string; school: string; class: string | null }[];
  identifier: string;
  email: { address: string; verified: boolean } | null;
  lastLoginAt: Date | null;
  signOut: { action: string; csrf: string };
};

/** `account/signed-out` */
export type SignedOutPage = { loginHref: string };
