import type { Actor } from '../audit/record.ts';
import { type Context, visitor } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import { staffActor } from '../staff/sessions.ts';
import { sessionHash } from './session.ts';
import type { AdminDoor, StaffVisit } from './types.ts';

/** What handlers need of a visit: who acts, the token of its forms, parts of its address. */

/** As audit lines name him. */
export const actorOf = (ctx: Context, { staff }: StaffVisit): Actor => ({
  actorKind: 'school',
  actor: staffActor(staff),
  ...visitor(ctx),
});

export const csrfOf = ({ deps }: Pick<AdminDoor, 'deps'>, ctx: Context): string =>
  csrfToken(deps.config, { scope: 'session', id: sessionHash({ deps }, ctx) });
