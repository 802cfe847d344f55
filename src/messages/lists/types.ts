import type { AccountKind, AccountState, PasswordKind } from '../../accounts/types.ts';

export type ListSchool = { id: number; uai: string; name: string; degree: 1 | 2 };

/** A pupil of the school with one of his guardians, or with his own account. */
export type ListRow = {
  pupilId: number;
  pupilFamilyName: string;
  pupilGivenName: string;
  level: string | null;
  mef: string | null;
  classId: number | null;
  classLabel: string | null;
  accountId: number;
  publicId: string;
  familyName: string;
  givenName: string;
  identifier: string;
  state: AccountState;
  passwordKind: PasswordKind;
  /** Opened only while a line is written. */
  provisionalSealed: string | null;
};

/** What one list is made of: classes in order, in each the pupils. */
export type List = { of: AccountKind; school: ListSchool; writtenAt: Date; rows: readonly ListRow[] };

/** `hand-out`: for the teacher who hands out the sheets; it tells no password. */
export type ListKind = 'csv' | 'pdf' | 'hand-out';
