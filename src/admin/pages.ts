import type { StaffModule } from '../staff/types.ts';

/** What the pages of `views/admin/` are given. Templates write the sentences. */

export type TabKey = 'home' | 'guardians' | 'pupils' | 'statistics';

/** Header and tabs of every page. */
export type AdminFrame = {
  module: StaffModule;
  homeHref: string;
  /** « Paul DIRECTEUR »; null: nobody is signed in. */
  user: string | null;
  /** « 0311478N E.E.PR-SAINTE-FAMILLE DES MINIMES-ac-TOULOUSE TOULOUSE »; null: none is chosen. */
  school: string | null;
  tabs: { key: TabKey; href: string; current: boolean }[];
  /** « Aide » of the module; absent where no school is chosen, which it is about. */
  helpHref?: string;
  signOut: { action: string; csrf: string } | null;
};

/** One link of « Aider les familles »; `count`: how much waits there, null: nothing, or it is not counted. */
export type HelpLink = {
  key: 'families' | 'quality' | 'relaunch' | 'attachments' | 'journal';
  href: string;
  count: number | null;
  current: boolean;
};

/** Every page of the staff. */
export type AdminPage = { frame: AdminFrame };

/** `admin/home`: « Accueil » of both modules. */
export type HomePage = AdminPage & {
  /** The schools to choose from; empty when there is only one. */
  choice: { action: string; csrf: string; options: { uai: string; label: string }[] } | null;
  /** « ECOLE ELEMENTAIRE PUBLIQUE », « 0580189R »; null: none is chosen yet. */
  chosen: { name: string; uai: string } | null;
  /** Where the tabs lead, once more; null: there is no such page. */
  guardiansHref: string | null;
  pupilsHref: string | null;
  statisticsHref: string | null;
  /** « Aider les familles »; null: no school is chosen. */
  helpLinks: HelpLink[] | null;
  /** « Guide complet ». */
  guideHref: string;
  /** « Aide », and what is ready for families; null: no school is chosen. */
  documents: { help: string; message: string; flyer: string } | null;
  /** What only a head may do; null: this person is none, or no school is chosen. */
  headHrefs: { delegations: string; forced: string } | null;
  /** The other module, where this person may use it. */
  otherHref: string | null;
};

/** Whom pages name for help. */
export type Assistance = { text: string; url: string | null };

/** `admin/no-rights`: signed in at the portal, but nothing here is this person's. */
export type NoRightsPage = AdminPage & { assistance: Assistance };

/** `admin/needs-key` */
export type NeedsKeyPage = AdminPage & {
  school: string;
  keyHref: string;
  troubleshootingHref: string | null;
  assistance: Assistance;
};

/** `admin/entry-refused`: the portal let nobody in. `closed`: none is configured. */
export type EntryRefusedPage = AdminPage & {
  reason: 'cancelled' | 'refused' | 'unreachable' | 'closed';
  loginHref: string;
  requestId: string;
};

/** `admin/signed-out` */
export type SignedOutPage = AdminPage & { loginHref: string };
