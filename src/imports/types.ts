import type { Deps } from '../deps.ts';

/** What a run needs; it works on the pool for jobs only. */
export type ImportDeps = Pick<Deps, 'config' | 'jobsDb' | 'clock' | 'random' | 'log'>;

/** Told at each file begun and each school done. */
export type Progress = (
  event:
    | { step: 'read'; file: string; done: number; of: number }
    | { step: 'apply'; school: string; done: number; of: number },
) => void;

/** How much is done at once; tests make it small. */
export type Sizes = {
  /** Bytes of the files of persons from which on threads read them. */
  threadsFrom: number;
  /** Persons whose schools are written in one transaction, for as many schools as have them. */
  groupPersons: number;
};

/** Kinds of files of an AAF feed (integration.md 2.2); those that are not listed are left aside with a note. */
export type FeedType = 'EtabEducNat' | 'MefEducNat' | 'PersRelEleve' | 'PersEducNat' | 'Eleve';

/** 1: primary (ONDE), 2: secondary (SIECLE). */
export type Degree = 1 | 2;

/** Where the bytes of a file come from: each call reads it from its beginning. */
export type Source = {
  name: string;
  folder: string;
  path: string;
  /** In bytes. */
  size: number;
  open(): AsyncIterable<Uint8Array>;
};

/** A file of the folder after a look at its beginning. */
export type FeedFile = {
  no: number;
  open: Source['open'];
  path: string;
  size: number;
  /** Relative to the folder: what reports show. */
  name: string;
  /** The folder it lies in: files without a header share the académie of the schools beside them. */
  folder: string;
  type: FeedType;
  degree: Degree;
  academyCode: string | null;
  /** Changes since the night before: who is not in it has not left. */
  delta: boolean;
  /** Day of the export by its name or header, YYYY-MM-DD. */
  exportedOn: string | null;
  /** How many records it must hold by its header or the manifest. */
  records: number | null;
};

/** One request (`verb`: addRequest, modifyRequest, deleteRequest), its values trimmed and the empty ones left out. */
export type FeedRecord = {
  /** 1 for the first record of the file. */
  position: number;
  verb: string;
  category: string;
  id: string;
  /** An attribute without a value may have an empty list. */
  values: Map<string, string[]>;
  /** Of a change, all attributes that it speaks of: those without a value are deletions. */
  named: Set<string>;
  /** False when a modification is of another operation than `replace`. */
  onlyReplaces: boolean;
  /** Digest of its bytes, in hexadecimal, where it is one that can be known again. */
  digest?: string;
};

/** One record, or a part of one, that was not taken; `record` is its id, or its place in the file (`#12`). */
export type Refusal = { file: string; record: string; reason: string };

export type StagedSchool = {
  no: number;
  academyCode: string;
  academyName: string;
  degree: Degree;
  sourceId: string;
  uai: string;
  name: string;
  town: string | null;
  phone: string | null;
  contract: string | null;
  digest: string;
  /** False for a school that a file of changes does not list: the one already known. */
  listed: boolean;
  /** Records of it that were not taken. */
  refused: number;
};

/** A pupil as both dialects of the feed tell him, before any check. */
export type RawPupil = {
  familyName: string | undefined;
  givenName: string | undefined;
  birthDate: string | undefined;
  ine: string | undefined;
  school: string | undefined;
  className: { code: string; label: string } | undefined;
  level: string | undefined;
  cycle: string | undefined;
  mefCode: string | undefined;
  mefLabel: string | undefined;
  siecleId: string | undefined;
  guardians: RawLink[];
};

/** `legal` false: a contact or a person in charge, who gets no account. */
export type RawLink = { text: string; id: string; code: string; legal: boolean };

export type RawGuardian = {
  title: string | undefined;
  familyName: string | undefined;
  givenName: string | undefined;
  birthName: string | undefined;
  /** In the order of preference. */
  mobiles: string[];
  /** Those of them that the person gave for SMS; null where the feed does not say (1D). */
  consented: string[] | null;
  email: string | undefined;
  address: string | undefined;
  postalCode: string | undefined;
  town: string | undefined;
  country: string | undefined;
};

/** A person of the staff; `functions` as the feed writes them. */
export type RawStaff = {
  title: string | undefined;
  familyName: string | undefined;
  givenName: string | undefined;
  email: string | undefined;
  functions: string[];
};

/** What a school's night came to. */
export type SchoolReport = {
  uai: string;
  name: string;
  degree: Degree;
  pupils: number;
  arrived: number;
  moved: number;
  left: number;
  changed: number;
  guardians_changed: number;
  links_opened: number;
  links_ended: number;
  accounts_created: number;
  accounts_changed: number;
  /** Guardians of this school's pupils whose mobile, e-mail or postal address is another than the night before. */
  mobiles_changed: number;
  emails_changed: number;
  addresses_changed: number;
  guardians: number;
  /** Records of this school that were not taken. */
  refused: number;
  /** Why this school stayed as it was. */
  failed?: string;
};

/** One thing that the brake will not let pass by itself. */
export type Finding = {
  kind: 'pupils' | 'links' | 'older' | 'records';
  /** UAI and name of the school, the base (« 13, 2D ») or the file. */
  of: string;
  before: number | string;
  after: number | string;
  reason: string;
};

/** `import --json` (contract.md), kept with the run. */
export type ImportReport = {
  report: string;
  dry_run: boolean;
  read: { schools: number; pupils: number; guardians: number; staff: number };
  accounts: { created: number; changed: number; closed: number };
  schools: SchoolReport[];
  /** The first ones; `refused_total` counts all. */
  refused: Refusal[];
  refused_total: number;
  /** What was left aside without being refused. */
  notes: string[];
  seconds: number;
  /** Why the feed was refused as a whole. */
  error?: string;
  /** What the brake saw; with `error` it refused the run, else it was released by hand. */
  brake: Finding[];
  /** The refused run that this one releases. */
  accepts?: string;
};

/** The feed as a whole cannot be believed: nothing is written to the live tables. */
export class FeedError extends Error {
  readonly file: string;
  constructor(file: string, reason: string) {
    super(file === '' ? reason : `${file}: ${reason}`);
    this.name = 'FeedError';
    this.file = file;
  }
}

/** Stands among a pupil's guardians for one that could not be read; no id of a feed looks like it. */
export const UNREADABLE = '!';
