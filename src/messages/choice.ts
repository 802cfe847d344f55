import type { AccountState, PasswordKind } from '../accounts/types.ts';

/** The six messages that carry or recall credentials: odd numbers are sheets, even ones mails. */
export type CredentialMessage = 'C01' | 'C02' | 'C03' | 'C04' | 'C05' | 'C06';
export type Channel = 'sheet' | 'email';

type Occasion = 'welcome' | 'reminder' | 'reset';
const MESSAGE: Record<Occasion, Record<Channel, CredentialMessage>> = {
  welcome: { sheet: 'C01', email: 'C02' },
  reminder: { sheet: 'C03', email: 'C04' },
  reset: { sheet: 'C05', email: 'C06' },
};

/** By state before the notification, then by what the account's password is once the notification is done. */
const OCCASION: Record<AccountState, Record<PasswordKind, Occasion>> = {
  not_notified: { none: 'welcome', provisional: 'welcome', personal: 'welcome' },
  notified: { none: 'welcome', provisional: 'welcome', personal: 'welcome' },
  // A provisional password that is pending must be told, reset at the same time or before (X3);
  // an account that only knows FranceConnect has none to tell (X14).
  activating: { none: 'reminder', provisional: 'reset', personal: 'reminder' },
  activated: { none: 'reminder', provisional: 'reset', personal: 'reminder' },
};

/**
 * Which letter or mail a guardian is sent (R-124, X3, X14).
 * @param state the account's state before this notification
 * @param password the kind of password it has afterwards (a reset asked for has been carried out)
 */
export function chooseMessage(
  state: AccountState,
  password: PasswordKind,
  channel: Channel,
): CredentialMessage {
  return MESSAGE[OCCASION[state][password]][channel];
}
