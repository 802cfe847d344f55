import { countOwnClasses } from '../../accounts/guardians-store.ts';
import type { AccountKind } from '../../accounts/types.ts';
import {
  askForcedChange,
  type ForcedCriteria,
  markNext,
  previewForcedChange,
} from '../../credentials/forced-change.ts';
import { nothing, readForcedProgress } from '../../credentials/forced-progress.ts';
import { findByForm, listForcedChanges } from '../../credentials/forced-store.ts';
import { newToken } from '../../crypto/digests.ts';
import { findClasses } from '../../directory/options-store.ts';
import { beginningInParis, readDay } from '../../files/day.ts';
import type { Context } from '../../http/context.ts';
import { field, fields } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { staffNames } from '../../staff/names-store.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { atSchool } from '../address.ts';
import { frameOf } from '../frame.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, csrfOf } from '../visit.ts';
import { forcedHref } from './address.ts';
import type { ForcedPage } from './pages.ts';

const LISTED = 10;
const MOST_CLASSES = 300;
const FORM_KEY = /^[\w-]{43}$/;

type Asked = { kind: AccountKind | null; classIds: number[]; before: string; day: string | null };

const kindsAt = ({ degree }: StaffSchool): AccountKind[] =>
  degree === 2 ? ['guardian', 'pupil'] : ['guardian'];

/** What is asked for; null: a class that is none. */
function askedOf(
  school: StaffSchool,
  one: (name: string) => string,
  classes: readonly string[],
): Asked | null {
  const kinds = kindsAt(school);
  const kind = kinds.find((known) => known === one('kind')) ?? (kinds.length === 1 ? 'guardian' : null);
  const before = one('before').slice(0, 100);
  const ids = [...new Set(classes)].filter((id) => id !== '');
  if (ids.length > MOST_CLASSES || !ids.every((id) => /^[1-9]\d{0,9}$/.test(id))) return null;
  return { kind, classIds: ids.map(Number), before, day: readDay(before) };
}

const criteriaOf = (school: StaffSchool, { kind, classIds, day }: Asked): ForcedCriteria => ({
  schools: [school.id],
  academy: null,
  kind,
  classIds,
  states: ['activated'],
  changedBefore: day === null ? null : beginningInParis(day),
});

const isWrong = ({ before, day }: Asked) => before.trim() !== '' && day === null;

/** All are this school's, or nothing may be done at all (G01). */
async function ownClasses({ deps }: AdminDoor, school: StaffSchool, { classIds }: Asked): Promise<boolean> {
  return classIds.length === 0 || (await countOwnClasses(deps.db, school, classIds)) === classIds.length;
}

/** GET /mots-de-passe-a-changer: the criteria; with `apercu`, how many they find. */
export async function showForced(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { query } = ctx;
  const asked = askedOf(
    visit.school,
    (name) => (typeof query[name] === 'string' ? query[name] : ''),
    [query.class ?? []].flat(),
  );
  if (asked === null || !(await ownClasses(door, visit.school, asked)))
    return refuseForeign(door, ctx, visit, 'class');
  await show(door, ctx, visit, asked, { preview: query.apercu === '1' });
}

async function show(
  door: AdminDoor,
  ctx: Context,
  { staff, school, module }: SchoolVisit,
  asked: Asked,
  { preview: wanted, changed = false }: { preview: boolean; changed?: boolean },
): Promise<void> {
  const { deps } = door;
  const wrong = isWrong(asked);
  const preview = wanted && !wrong ? await previewForcedChange(deps.db, criteriaOf(school, asked)) : null;
  const classes = await findClasses(deps.db, school.id);
  const page: ForcedPage = {
    frame: frameOf(door, ctx, staff, { module, school }),
    homeHref: atSchool(school),
    action: forcedHref(school),
    kinds: kindsAt(school),
    kind: asked.kind,
    classes: classes.map((one) => ({ ...one, chosen: asked.classIds.includes(one.id) })),
    before: asked.before,
    errors: wrong ? [{ field: 'before', reason: 'invalid' }] : [],
    preview,
    changed,
    confirm:
      preview === null || preview.concerned === 0
        ? null
        : { csrf: csrfOf(door, ctx), hidden: hiddenOf(asked, preview.concerned, newToken(deps.random)) },
    changes: await changesOf(door, school),
  };
  showPage(deps, ctx, 'admin/forced/ask', page, wrong || changed ? 400 : 200);
}

function hiddenOf({ kind, classIds, before }: Asked, expected: number, once: string) {
  return [
    { name: 'kind', value: kind ?? '' },
    ...classIds.map((id) => ({ name: 'class', value: String(id) })),
    { name: 'before', value: before },
    { name: 'expected', value: String(expected) },
    { name: 'once', value: once },
  ];
}

async function changesOf({ deps }: AdminDoor, school: StaffSchool): Promise<ForcedPage['changes']> {
  const changes = await listForcedChanges(deps.db, { schoolId: school.id, limit: LISTED });
  const progress = await readForcedProgress(deps.db, changes);
  const names = await staffNames(
    deps.db,
    changes.map(({ actor }) => actor),
  );
  return changes.map(({ id, publicId, createdAt, actor, state }) => {
    const { marked, left, ended } = progress.get(id) ?? nothing();
    return {
      href: forcedHref(school, publicId),
      at: createdAt,
      by: names.get(actor ?? '') ?? null,
      marked,
      changed: ended.changed,
      left,
      marking: state === 'marking',
    };
  });
}

/**
 * POST /mots-de-passe-a-changer: asks for it, and marks the first accounts, which are all of most schools; a process of
 * the jobs goes on with the others.
 */
export async function confirmForced(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { deps } = door;
  const { school } = visit;
  const asked = askedOf(school, (name) => field(ctx, name), fields(ctx, 'class'));
  if (asked === null || !(await ownClasses(door, school, asked)))
    return refuseForeign(door, ctx, visit, 'class');
  const once = field(ctx, 'once');
  if (isWrong(asked) || !FORM_KEY.test(once))
    return show(door, ctx, visit, asked, { preview: true, changed: true });
  const criteria = criteriaOf(school, asked);
  const { concerned } = await previewForcedChange(deps.db, criteria);
  const expected = field(ctx, 'expected');
  const known = await findByForm(deps.db, school.id, once);
  if (known === null && String(concerned) !== expected)
    return show(door, ctx, visit, asked, { preview: true, changed: true });
  const change =
    known ??
    (await askForcedChange(deps, {
      criteria,
      schoolId: school.id,
      reason: null,
      notify: false,
      expected: concerned,
      formKey: once,
      actor: actorOf(ctx, visit),
    }));
  await markNext(deps, deps.db, change.publicId);
  seeOther(ctx, forcedHref(school, change.publicId));
}
