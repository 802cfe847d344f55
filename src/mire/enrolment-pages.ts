import type { FieldError, FormPage, PageFrame } from '../http/pages.ts';
import type { NewPasswordError, Steps } from './pages.ts';

/** What the pages of the ways in without the school are given; as in pages.ts, templates turn reasons into French. */

/** From when on; `soon`: within a minute, which no clock need be read for. */
export type Later = { at: Date; when: 'soon' | 'today' | 'tomorrow' };

/** Why no code can be sent; `again` null: not by waiting. Said alike of known and unknown numbers (decision 5). */
export type CodeProblem = { reason: 'too-soon' | 'too-many' | 'suspended'; again: Later | null };

type EnrolmentFrame = FormPage & {
  steps: Steps;
  /** The login page with all ways in. */
  otherWaysHref: string;
};

export type RegistrationError =
  | FieldError<'family_name' | 'given_name' | 'mobile', 'missing' | 'too-long'>
  | FieldError<'mobile', 'invalid'>;

/** `mire/registration`: fields `family_name`, `given_name`, `mobile`. */
export type RegistrationPage = EnrolmentFrame & {
  values: { family_name: string; given_name: string; mobile: string };
  errors: RegistrationError[];
  problem: CodeProblem | null;
  /** The page of the code that was asked for before; null: none was. */
  codeHref: string | null;
};

/** `mire/mobile`: field `mobile`, after FranceConnect. */
export type MobilePage = Omit<RegistrationPage, 'values'> & {
  values: { mobile: string };
  /** Who FranceConnect says that the visitor is. */
  identity: string | null;
};

export type CodeError = FieldError<'code', 'missing' | 'malformed' | 'wrong' | 'expired' | 'used-up'>;

/** `mire/code`: field `code`; a second form, `resendAction` (« Renvoyer le code »). */
export type CodePage = EnrolmentFrame & {
  /** What the code is for: a way in without the school, or what was forgotten. */
  way: 'sms' | 'franceconnect' | 'recovery';
  /** Of the number that was typed (decision 5): its two last digits. */
  lastDigits: string;
  /** What is known of the code; null: it cannot be used any more. */
  live: { validUntil: Date; left: number } | null;
  /** From when on another one can be asked for; null: now. */
  resendFrom: Later | null;
  resendAction: string;
  /** Where what was typed is corrected. */
  changeHref: string;
  nothingHref: string;
  errors: CodeError[];
  problem: CodeProblem | null;
  resent: boolean;
};

/** `mire/names`: fields `family_name`, `given_name`. */
export type NamesPage = EnrolmentFrame & {
  values: { family_name: string; given_name: string };
  errors: FieldError<'family_name' | 'given_name', 'missing' | 'too-long'>[];
  problem: 'wrong' | 'locked' | null;
};

export type ChildError = 'missing' | 'incomplete' | 'invalid';

/** One group of three fields, `day_<key>`, `month_<key>`, `year_<key>`, and the box `not_mine_<key>`. */
export type ChildFields = {
  key: string;
  givenName: string;
  familyName: string;
  values: { day: string; month: string; year: string };
  notMine: boolean;
  error: ChildError | null;
  /** The fields at fault. */
  marked: ('day' | 'month' | 'year')[];
};

/** `mire/children`. `problem` tells nothing of which date was wrong (D06). */
export type ChildrenPage = EnrolmentFrame & {
  children: ChildFields[];
  problem: 'wrong' | 'none-left' | 'changed' | null;
  attemptsLeft: number | null;
};

/** `mire/children-suspended`, in the place of the children's step: too many wrong dates, or no child any more. */
export type ChildrenSuspendedPage = PageFrame & {
  reason: 'tries' | 'no-child';
  until: Later | null;
  otherWaysHref: string;
};

/** `mire/credentials`: fields `new_password`, `confirmation`. */
export type CredentialsPage = EnrolmentFrame & {
  identifier: string;
  rules: { min: number; max: number };
  errors: NewPasswordError[];
};
