import type { Refusal } from './types.ts';

/** What has to be written so that the store says of a school what the feed says. */
export type AccountToCreate = {
  kind: 'guardian' | 'pupil';
  sourceId: string;
  publicId: string;
  givenName: string;
  familyName: string;
};
export type SchoolPlan = {
  writeSchool: boolean;
  classes: { code: string; label: string }[];
  /** Ids of the feed whose rows are written from the staged ones. */
  pupils: string[];
  guardians: string[];
  accounts: AccountToCreate[];
  /** Persons whose account takes over the name that changed. */
  renamed: { guardianIds: number[]; pupilIds: number[] };
  /** Ids of pupils who are no longer in the school's full file. */
  left: number[];
  openLinks: { guardian: string; pupil: string; code: string }[];
  endLinks: { guardianId: number; pupilId: number }[];
  /** Pupils of whom a guardian is not known yet: looked at again each night. */
  unresolved: string[];
  /** Ids of pupils who lose a guardian whom a file of changes deletes: a whole feed may name him again. */
  bereft: number[];
  counts: {
    arrived: number;
    moved: number;
    changed: number;
    /** New, with another record or with an account from now on. */
    guardians: number;
    mobiles: number;
    emails: number;
    addresses: number;
  };
  refused: { fileNo: number; record: Refusal['record']; reason: Refusal['reason'] }[];
};
