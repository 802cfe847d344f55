import type { Access, Grant, SchoolRights, StaffModule, StaffRole, StaffSchool } from './types.ts';

/** What a role opens, and what makes a role: pure rules (R-015 to R-018, S4). */

/** Roles that open a module. Pupils have accounts in the 2nd degree only. */
const OPENS: Record<StaffModule, { roles: readonly StaffRole[]; degrees: readonly number[] }> = {
  administration: { roles: ['head', 'administration'], degrees: [1, 2] },
  troubleshooting: { roles: ['head', 'administration', 'troubleshooting'], degrees: [2] },
};

/** The administration of a school of the 2nd degree asks for the key; the troubleshooting never does. */
const asksForKey = (module: StaffModule, degree: number) => module === 'administration' && degree === 2;

/** The modules that there are for schools of a degree. */
export const modulesOf = (degree: number): StaffModule[] =>
  (['troubleshooting', 'administration'] as const).filter((module) => OPENS[module].degrees.includes(degree));

export function accessTo(
  module: StaffModule,
  { school, roles }: SchoolRights,
  { strong }: { strong: boolean },
): Access {
  const { roles: openers, degrees } = OPENS[module];
  if (!degrees.includes(school.degree) || !roles.some((role) => openers.includes(role))) return 'closed';
  return asksForKey(module, school.degree) && !strong ? 'needs-key' : 'open';
}

/** A person of the feed's staff with one of his functions; no school: he has none any more. */
export type KnownFunction = {
  staffId: number;
  changedAt: Date;
  code: string | null;
  school: StaffSchool | null;
};

/**
 * Who may do what where: what the portal said and what the feed says now. A headship that the portal told is over
 * when the feed has learnt since then that he has none at that school, so that whoever is removed is out at once.
 * @param readAt when the portal said it
 */
export function rightsOf(
  granted: readonly { school: StaffSchool; role: StaffRole }[],
  functions: readonly KnownFunction[],
  { readAt, headCodes }: { readAt: Date; headCodes: readonly string[] },
): SchoolRights[] {
  const heads = functions.filter(({ code }) => code !== null && headCodes.includes(code));
  const isHead = (school: StaffSchool) => heads.some((held) => held.school?.id === school.id);
  const changedSince = functions.some(({ changedAt }) => changedAt > readAt);
  const told = granted.filter(({ school, role }) => role !== 'head' || !changedSince || isHead(school));
  const all = [
    ...told,
    ...heads.flatMap(({ school }) => (school === null ? [] : [{ school, role: 'head' as const }])),
  ];
  const schools = new Map<number, { school: StaffSchool; roles: Set<StaffRole> }>();
  for (const { school, role } of all) {
    const entry = schools.get(school.id) ?? { school, roles: new Set() };
    entry.roles.add(role);
    schools.set(school.id, entry);
  }
  return Array.from(schools.values(), ({ school, roles }) => ({ school, roles: [...roles] })).sort((a, b) =>
    a.school.uai < b.school.uai ? -1 : 1,
  );
}

/** Grants without doubles, no more than anybody has. */
export function distinctGrants(grants: readonly Grant[], atMost = 500): Grant[] {
  const byKey = new Map(grants.map((grant) => [`${grant.uai}|${grant.role}`, grant]));
  return [...byKey.values()].slice(0, atMost);
}
