import { readDay } from '../../files/day.ts';
import { type Context, partOf } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import {
  daysAllowed,
  delegableModules,
  delegate,
  delegationsAt,
  prolong,
  withdraw,
} from '../../staff/delegations.ts';
import { staffNames } from '../../staff/names-store.ts';
import { atSchool } from '../address.ts';
import { frameOf } from '../frame.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, csrfOf } from '../visit.ts';
import { delegationsHref } from './address.ts';
import type { DelegationsPage, ShownDelegation } from './pages.ts';

const NEWS: Record<string, NonNullable<DelegationsPage['news']>> = {
  nomme: 'named',
  prolonge: 'prolonged',
  retire: 'ended',
};
const newsOf = (word: unknown) =>
  typeof word === 'string' && Object.hasOwn(NEWS, word) ? (NEWS[word] ?? null) : null;

/** GET /delegations: whom the head has named, and the form that names another. */
export async function showDelegations(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  await show(door, ctx, visit, {});
}

type Refused = Partial<Pick<DelegationsPage, 'errors' | 'problem' | 'values'>> & {
  row?: { key: string; until: string; fault: NonNullable<ShownDelegation['fault']> };
};

async function show(
  door: AdminDoor,
  ctx: Context,
  { staff, school, module }: SchoolVisit,
  refused: Refused,
): Promise<void> {
  const { deps } = door;
  const all = await delegationsAt(deps, school);
  const names = await staffNames(
    deps.db,
    all.map(({ createdBy }) => createdBy),
  );
  const at = (key: string, what: string) => `${delegationsHref(school)}/${key}/${what}`;
  const days = daysAllowed(deps.clock.now());
  const page: DelegationsPage = {
    frame: frameOf(door, ctx, staff, { module, school }),
    homeHref: atSchool(school),
    degree: school.degree,
    news: ctx.method === 'GET' ? newsOf(ctx.query.fait) : null,
    csrf: csrfOf(door, ctx),
    action: delegationsHref(school),
    values: refused.values ?? { person: '', email: '', role: '', until: days.last },
    errors: refused.errors ?? [],
    problem: refused.problem ?? null,
    roles: delegableModules(school),
    days,
    rows: all.map(({ publicId: key, displayName: person, email, role, untilDay, over, ...one }) => ({
      key,
      person,
      email,
      role,
      until: refused.row?.key === key ? refused.row.until : untilDay,
      over,
      createdAt: one.createdAt,
      by: names.get(one.createdBy) ?? null,
      prolongAction: at(key, 'prolonger'),
      endAction: at(key, 'retirer'),
      fault: refused.row?.key === key ? refused.row.fault : null,
    })),
  };
  showPage(deps, ctx, 'admin/delegations/list', page, Object.keys(refused).length > 0 ? 400 : 200);
}

/** POST /delegations: names somebody. */
export async function nameDelegate(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { school, staff } = visit;
  const names = ['person', 'email', 'role', 'until'] as const;
  const [person = '', email = '', role = '', until = ''] = names.map((name) =>
    field(ctx, name).slice(0, 300),
  );
  const roles = delegableModules(school);
  const named = {
    person,
    email,
    role: roles.length === 1 ? (roles[0] ?? null) : (roles.find((known) => known === role) ?? null),
    day: readDay(until),
    until,
  };
  const by = { actor: actorOf(ctx, visit), own: staff.email };
  const result = await delegate(door.deps, school, named, by);
  if (result.ok) return seeOther(ctx, delegationsHref(school, 'nomme'));
  const values = { person, email, role, until };
  if (result.reason === 'refused') await show(door, ctx, visit, { values, errors: result.faults });
  else await show(door, ctx, visit, { values, problem: result.reason });
}

/** POST /delegations/:delegation/prolonger: until another day. */
export async function prolongOne(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const key = partOf(ctx, 'delegation');
  const until = field(ctx, 'until').slice(0, 300);
  const asked = { publicId: key, day: readDay(until), until };
  const result = await prolong(door.deps, visit.school, asked, actorOf(ctx, visit));
  if (result.ok) return seeOther(ctx, delegationsHref(visit.school, 'prolonge'));
  if (result.reason === 'unknown') return refuseForeign(door, ctx, visit, 'delegation');
  await show(door, ctx, visit, { row: { key, until, fault: result.fault } });
}

/** POST /delegations/:delegation/retirer: over at once, also in a session that is open. */
export async function withdrawOne(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const done = await withdraw(door.deps, visit.school, partOf(ctx, 'delegation'), actorOf(ctx, visit));
  if (!done) return refuseForeign(door, ctx, visit, 'delegation');
  seeOther(ctx, delegationsHref(visit.school, 'retire'));
}
