import type { FieldError } from '../../http/pages.ts';
import type { AccountFrame } from '../pages.ts';

/** What the pages of the mail address are given. */

export type AddressError = FieldError<'email', 'missing' | 'too-long' | 'invalid' | 'same'>;

/** `account/address/change`: « Modifier mon adresse »; field `email`. */
export type AddressPage = {
  frame: AccountFrame;
  current: { address: string; verified: boolean } | null;
  /** Waits for its link to be followed; the forms send again and give up. */
  pending: {
    email: string;
    askedAt: Date;
    validUntil: Date;
    resendAction: string;
    cancelAction: string;
  } | null;
  action: string;
  value: string;
  errors: AddressError[];
  notice: 'asked' | 'resent' | 'cancelled' | 'nothing' | null;
  /** So many mails have been asked for that none is sent for a while. */
  tooMany: boolean;
};

/** `address-link/confirm` and `address-link/object`: a button and nothing else. */
export type AddressLinkPage = { action: string; csrf: string; email: string | null };

/** `address-link/confirmed` */
export type AddressConfirmedPage = { email: string; homeHref: string };

/** `address-link/objected` */
export type AddressObjectedPage = Record<string, never>;

/** `address-link/refused` */
export type AddressRefusedPage = {
  what: 'confirm' | 'object';
  reason: 'unknown' | 'expired' | 'used' | 'replaced';
  homeHref: string;
};
