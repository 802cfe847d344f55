/** Staff have no accounts here: who they are is told by the academic portal, what they may do follows. */

export type StaffSchool = {
  id: number;
  uai: string;
  /** As the directory spells it, with the académie: « E.E.PU-LES TILLEULS-ac-TOULOUSE ». */
  name: string;
  town: string | null;
  degree: 1 | 2;
};

/**
 * What somebody is at a school. `head`: director of a school (1st degree) or head of one (2nd degree); the others are
 * delegations (R-017): all of the administration, or the troubleshooting of pupils' accounts alone.
 */
export type StaffRole = 'head' | 'administration' | 'troubleshooting';

/** The two modules: « Administration des comptes », « Dépannage des comptes élèves ». */
export type StaffModule = 'administration' | 'troubleshooting';

/** `needs-key`: open to whoever signs in once more with his key. */
export type Access = 'open' | 'needs-key' | 'closed';

export type SchoolRights = { school: StaffSchool; roles: readonly StaffRole[] };

/** A role at a school as the portal tells it; the school may be unknown to us. */
export type Grant = { uai: string; role: StaffRole };

export type StaffMember = {
  issuer: string;
  sub: string;
  givenName: string;
  familyName: string;
  /** The académie's; it leads to the functions that the feed knows. */
  email: string | null;
  /** The key was used at the portal. */
  strong: boolean;
};

export type StaffSession = StaffMember & {
  idHash: string;
  /** The school of all pages until another is chosen on « Accueil »; its rights may be gone. */
  chosenUai: string | null;
  /** When the portal last said what he may do. */
  rightsReadAt: Date;
  lastSeenAt: Date;
  /** One entry a school, by UAI. */
  schools: readonly SchoolRights[];
};
