/** The sample schools as the directories know them: what `aaf.ts` writes and the importer reads back. */

export type Academy = { code: string; name: string };

export type SampleSchool = {
  uai: string;
  /** Number of the school in its academy's directory (ENTStructureJointure). */
  sourceId: string;
  degree: 1 | 2;
  /** As the directory spells it: type and name, the academy comes after. */
  name: string;
  town: string;
  postalCode: string;
  phone: string;
};

export type SampleClass = { school: SampleSchool; code: string; label: string };

export type SamplePupil = {
  sourceId: string;
  ine: string | null;
  title: 'M.' | 'Mme';
  givenName: string;
  familyName: string;
  /** `YYYY-MM-DD`. */
  birthDate: string;
  school: SampleSchool;
  /** null: not placed in a class yet. */
  class: SampleClass | null;
  /** `CE1`, or the label of the MEF in the second degree. */
  level: string;
  mef: string | null;
  links: SampleLink[];
};

export type SampleLink = {
  guardian: SampleGuardian;
  /** Kind of tie, code of the académie (10 mother, 20 father, 38 grandparent, 50 tutor, 70 the pupil himself). */
  code: string;
  /** 1 legal guardian, 2 in charge, 0 contact only; the first degree sends legal guardians alone. */
  legal: 0 | 1 | 2;
};

export type SampleGuardian = {
  sourceId: string;
  title: 'M.' | 'Mme';
  givenName: string;
  familyName: string;
  birthName: string;
  /** As somebody typed it, or null. */
  mobile: string | null;
  email: string | null;
  street: string;
  postalCode: string;
  town: string;
};

/** One directory: an academy and a degree, a night's full files. */
export type Feed = {
  academy: Academy;
  degree: 1 | 2;
  encoding: 'UTF-8' | 'ISO-8859-15';
  schools: SampleSchool[];
  classes: SampleClass[];
  pupils: SamplePupil[];
  guardians: SampleGuardian[];
  heads: SampleHead[];
};

/** The director of a school, or the head of a collège. */
export type SampleHead = {
  sourceId: string;
  title: 'M.' | 'Mme';
  givenName: string;
  familyName: string;
  schools: SampleSchool[];
};

/** A guardian of `personas.json` and the directory records that are his. */
export type CastMember = {
  key: string;
  what: string;
  /** Where his record is, to find the account that the import made of it. */
  feed: Feed;
  guardian: SampleGuardian;
  pupils: SamplePupil[];
};

export type World = {
  feeds: Feed[];
  cast: CastMember[];
  /** The pupil of `pupil-provisional` and his directory. */
  pupil: { feed: Feed; pupil: SamplePupil };
};

export type SchoolKey = 'guide' | 'second' | 'village' | 'hamlet' | 'college' | 'reunion';
