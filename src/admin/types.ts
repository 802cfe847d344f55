import type { AccountKind } from '../accounts/types.ts';
import type { Deps } from '../deps.ts';
import type { Context } from '../http/context.ts';
import type { SchoolRights, StaffModule, StaffSchool, StaffSession } from '../staff/types.ts';

/** The directors' module and the pupils' troubleshooting. `paths`: of all its routes, so that no tab leads nowhere. */
export type AdminDoor = {
  deps: Deps;
  paths: ReadonlySet<string>;
  /** What is the same for everybody and takes a while to make: made once, when it is first asked for. */
  kept: { guide?: Promise<Buffer> };
};

/** A person of the staff, signed in. */
export type StaffVisit = { staff: StaffSession };

/** One who may do what the route is for at the school of the address. `of`: whose accounts the page is about. */
export type SchoolVisit = StaffVisit & {
  school: StaffSchool;
  rights: SchoolRights;
  module: StaffModule;
  of: AccountKind;
};

type At = { method: 'get' | 'post'; path: string };

/**
 * A route with what it needs; the router is made of these and of nothing else, and asks for it before the handler.
 * - `nobody`: open to all.
 * - `session`: somebody signed in, whatever he may do: the handler looks at his schools.
 * - a module: the path has `:uai`, a school where this person has that module open, else 404 as for one that does
 *   not exist; with the key where it is asked for. `sensitive`: the portal is asked again what he may do; `degree`:
 *   the page exists for schools of that degree only; `head`: nobody to whom the module is delegated; `of`: whose accounts it is about, the guardians' unless told; in
 *   the troubleshooting always the pupils'.
 */
export type AdminRoute = At &
  (
    | { needs: 'nobody'; handle(door: AdminDoor, ctx: Context): Promise<void> | void }
    | { needs: 'session'; handle(door: AdminDoor, ctx: Context, visit: StaffVisit): Promise<void> | void }
    | {
        needs: { module: StaffModule; of?: AccountKind; degree?: 1 | 2; sensitive?: true; head?: true };
        handle(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> | void;
      }
  );
