import type { Link } from './check.ts';
import type { Degree } from './types.ts';

/** What the feed says of a school and what the store holds, as the plan compares them. */
export type StagedPupil = {
  sourceId: string;
  fileNo: number;
  digest: string;
  hasIne: boolean;
  /** Of school and guardians; what `CurrentPupil` has when these are as they were. */
  linksDigest: string | null;
  classCode: string | null;
  classLabel: string | null;
  givenName: string;
  familyName: string;
  publicId: string;
  guardians: Link[];
};
export type StagedGuardian = {
  sourceId: string;
  digest: string | null;
  givenName: string;
  familyName: string;
  publicId: string | null;
  refused: boolean;
  /** By a file of changes: he answers for nobody, whatever the records of pupils say. */
  deleted?: boolean;
  /** 1: another school's plan has the reference already; 2: with its account. */
  planned: 0 | 1 | 2;
  contact?: Contact;
};
export type Contact = { mobile: string | null; email: string | null; address: string };
export type CurrentPerson = {
  id: number;
  sourceId: string;
  digest: string | null;
  accountId: number | null;
  left: boolean;
  givenName: string;
  familyName: string;
  contact?: Contact;
};
export type CurrentPupil = CurrentPerson & { schoolId: number | null; linksDigest: string | null };
export type CurrentLink = {
  pupilId: number;
  guardianId: number;
  guardianSourceId: string;
  code: string | null;
  ended: boolean;
};

/** Everything that bears on one school: what the feed says and what the store holds. */
export type SchoolState = {
  degree: Degree;
  stagedDigest: string;
  school: { id: number; digest: string | null } | null;
  /** Pupils of the school whose record, school or guardians are not as they were. */
  pupils: StagedPupil[];
  /** The feed speaks for the school: it is whole and has pupils of it, or tells who is deleted. */
  spoken: boolean;
  /** Ids of known guardians of its pupils whose record is another than the night before. */
  changedGuardians: readonly string[];
  /** Links of guardians whom a file of changes deletes. */
  deletedLinks: { guardianId: number; pupilId: number }[];
  guardians: ReadonlyMap<string, StagedGuardian>;
  /** By the id of the feed: pupils now in the school, and those of `pupils` who are known from elsewhere. */
  currentPupils: ReadonlyMap<string, CurrentPupil>;
  currentGuardians: ReadonlyMap<string, CurrentPerson>;
  currentLinks: readonly CurrentLink[];
  /** Label by code. */
  currentClasses: ReadonlyMap<string, string>;
  /** Ids of pupils of the school who are in this feed, but in another school or with a record that was refused. */
  elsewhere: ReadonlySet<string>;
};
