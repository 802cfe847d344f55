import type { AccountKind } from '../../accounts/types.ts';
import type { Locale } from '../../languages/locales.ts';
import type { CredentialMessage } from '../choice.ts';

/** What one letter is made of; nothing else is looked up when it is printed. */
export type Letter = {
  kind: Extract<CredentialMessage, 'C01' | 'C03' | 'C05'>;
  school: { uai: string; name: string; town: string | null; degree: 1 | 2 };
  /** Whose account it is: a guardian's, or the pupil's own, who has letters of his own. */
  of: AccountKind;
  /** Of the account: the guardian, or the pupil himself. */
  holder: { givenName: string; familyName: string };
  /** All children of a guardian's account, other schools' too (R-132). */
  children: readonly { givenName: string; familyName: string }[];
  /** To whom the teacher hands it out: the class and the pupil of this school. */
  handOut: { classLabel: string | null; givenName: string; familyName: string };
  identifier: string;
  /** The provisional password, or null where the letter tells none (C03). */
  password: string | null;
  /** False for an account that knows FranceConnect only (X14): the letter is silent about passwords. */
  hasPassword: boolean;
  /** Until when the provisional password works. */
  validUntil: Date | null;
  writtenOn: Date;
  /** What its holder chose to read in; the second half of a guardian's sheet is then told in it too. */
  language?: Locale | null;
};

/** Text with emphasis; the fonts of its letters are chosen later. */
export type Span = { text: string; bold: boolean };

/** What a letter's template says, in reading order. */
export type LetterBlock =
  | {
      kind:
        | 'sender'
        | 'reference'
        | 'attention'
        | 'h1'
        | 'h2'
        | 'p'
        | 'note'
        | 'small'
        | 'signature'
        | 'footer';
      spans: Span[];
      /** Of a text that is not French. */
      lang?: Locale;
    }
  | { kind: 'list' | 'steps'; items: Span[][]; lang?: Locale }
  | {
      kind: 'credentials';
      fields: { label: string; value: string }[];
      notes: Span[][];
      qr: { url: string; alt: string; caption: string };
    }
  | { kind: 'rule' };
