/** What pages of more than one door are given; those of the mire alone are in mire/pages.ts. */

/** One refused field; the sentence is `<group>.errors.<field>.<reason>` in `views/locales/fr.json`. */
export type FieldError<Field extends string, Reason extends string> = { field: Field; reason: Reason };

/** Data that any page may carry: the name of the service that the person is on the way to, shown in the header. */
export type PageFrame = { serviceName?: string | null };

/** A page with a POST form. */
export type FormPage = PageFrame & { action: string; csrf: string };

/**
 * `errors/error`: the text is found by `code` (`errors.byCode`), else by `status` (`errors.byStatus`), else that of
 * 500. `code` is stable and can be read to the help desk.
 */
export type ErrorPage = {
  status: number;
  code: string;
  requestId: string;
  /** Frame of the staff's pages when nobody is known to be signed in; null: the families' frame. */
  frame: StaffErrorFrame | null;
};

/** As much of `AdminFrame` (src/admin/pages.ts) as an error can tell. */
export type StaffErrorFrame = {
  module: 'administration' | 'troubleshooting';
  homeHref: string;
  user: null;
  school: null;
  tabs: [];
  signOut: null;
};

/** `oidc/logout-confirm`: `form` is the library's own hidden form, `op.logoutForm`, as HTML. */
export type LogoutConfirmPage = PageFrame & { form: string };

/** `oidc/logged-out` */
export type LoggedOutPage = PageFrame;

/** `oidc/integrator-error`: a request that cannot be answered to the service itself. */
export type IntegratorErrorPage = {
  code: string;
  requestId: string;
  error: string;
  description: string;
  clientId: string | null;
  /** Where the mistake is an address that is not registered. */
  address: AddressComparison | null;
};

export type AddressPiece = { text: string; differs: boolean };

/** `registered`: null where none may be shown; `differsAt`: the first letter that differs, counted from 1. */
export type AddressComparison = {
  kind: 'redirect' | 'post-logout';
  received: AddressPiece[];
  registered: AddressPiece[] | null;
  differsAt: number | null;
};

/** `oidc/other-person`: `form` is the library's own hidden form, as HTML; `name` is who was signed in before. */
export type OtherPersonPage = PageFrame & { form: string; name: string };
