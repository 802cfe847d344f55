import type { SchoolScope } from '../accounts/guardian-filters.ts';
import type { Actor } from '../audit/record.ts';
import { type Context, visitor } from '../http/context.ts';
import { csrfToken } from '../http/csrf.ts';
import { staffActor } from '../staff/sessions.ts';
import { sessionHash } from './session.ts';
import type { AdminDoor, SchoolVisit, StaffVisit } from './types.ts';

/** What handlers need of a visit: who acts, the token of its forms, parts of its address. */

/** As audit lines name him. */
export const actorOf = (ctx: Context, { staff }: StaffVisit): Actor => ({
  actorKind: 'school',
  actor: staffActor(staff),
  ...visitor(ctx),
});

export const csrfOf = ({ deps }: Pick<AdminDoor, 'deps'>, ctx: Context): string =>
  csrfToken(deps.config, { scope: 'session', id: sessionHash({ deps }, ctx) });

/** Whose accounts of the school a page is about, as rooms take it. */
export const scopeOf = ({ school, of }: Pick<SchoolVisit, 'school' | 'of'>): SchoolScope => ({
  id: school.id,
  degree: school.degree,
  of,
});

/** The group of the locale that has the words of such a page. */
export type People = 'guardians' | 'pupils';
export const peopleOf = ({ of }: Pick<SchoolVisit, 'of'>): People =>
  of === 'pupil' ? 'pupils' : 'guardians';
