import type { Account } from '../accounts/types.ts';
import { openProvisional, provisionalExpiresAt } from '../credentials/provisional.ts';
import type { Deps } from '../deps.ts';
import { plainSchoolName } from '../directory/names.ts';
import type { CredentialMessage } from './choice.ts';
import type { Letter } from './letters/types.ts';
import type { Child, Recipient, School } from './notify-store.ts';

/** An account with where a mail would reach its holder. */
export type Addressed = { account: Account; address: string | null };

/**
 * Where a mail of the school goes: the account's own address when its holder has confirmed it or a school has
 * given it, else the one of the directory. One that somebody has typed with the letter in his hand and not
 * confirmed comes last: it may be a stranger's, or nobody's, and mails carry passwords. A pupil's has to be confirmed: he
 * needs none to be activated, so that nothing else tells that it is his.
 */
export function addressOf(
  account: Pick<Account, 'id' | 'kind' | 'email' | 'emailVerifiedAt' | 'schoolEmail'>,
  known: ReadonlyMap<number, string>,
): string | null {
  const { kind, email, emailVerifiedAt, schoolEmail } = account;
  if (kind === 'pupil') return emailVerifiedAt === null ? null : email;
  const isVouchedFor = emailVerifiedAt !== null || email === schoolEmail;
  return (isVouchedFor ? email : null) ?? known.get(account.id) ?? email;
}

/** One account that was notified, as it is afterwards. */
export type Notified = {
  account: Account;
  message: CredentialMessage;
  /** The pupil of this school through whom the sheet is handed out. */
  recipient: Recipient;
  children: Child[];
};

/** What a sheet or a mail tells; the password on it is the sealed value opened (K01). */
export function wordsOf(
  deps: Pick<Deps, 'sealer' | 'config'>,
  { school, at }: { school: School; at: Date },
  { account, children }: Pick<Notified, 'account' | 'children'>,
): Omit<Letter, 'kind' | 'handOut'> {
  return {
    of: account.kind,
    school: { ...school, name: plainSchoolName(school.name) },
    holder: { givenName: account.givenName, familyName: account.familyName },
    children,
    identifier: account.identifier,
    password: openProvisional(deps, account),
    hasPassword: account.passwordKind !== 'none',
    validUntil: provisionalExpiresAt(deps.config, account),
    writtenOn: at,
    language: account.language,
  };
}

/** The sheet of one account. */
export function letterOf(
  deps: Pick<Deps, 'sealer' | 'config'>,
  batch: { school: School; at: Date },
  notified: Notified,
): Letter {
  const { message, recipient } = notified;
  return {
    ...wordsOf(deps, batch, notified),
    kind: message as Letter['kind'],
    handOut: {
      classLabel: recipient.classLabel,
      givenName: recipient.pupilGivenName,
      familyName: recipient.pupilFamilyName,
    },
  };
}
