import { z } from 'zod';
import { decideWrongAttachment } from '../../accounts/wrong-attachments.ts';
import { findSignalled, type SignalledAttachment } from '../../accounts/wrong-attachments-store.ts';
import { baseOf } from '../../assistance/types.ts';
import type { Context } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { staffNames } from '../../staff/names-store.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { frameOf } from '../frame.ts';
import { pageNumber, pagingOf } from '../paging.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, csrfOf } from '../visit.ts';
import { accountHref, helpHref } from './address.ts';
import { helpLinks } from './links.ts';
import type { AttachmentsPage } from './pages.ts';

const SHOWN = 25;
const STATES = { open: null, closed: 'clos' } as const;
const NEWS: Record<string, NonNullable<AttachmentsPage['news']>> = {
  exact: 'kept',
  errone: 'removed',
  rouvert: 'reopen',
  deja: 'decided',
};

const newsOf = (word: unknown) =>
  typeof word === 'string' && Object.hasOwn(NEWS, word) ? (NEWS[word] ?? null) : null;

/** GET /rattachements: pupils whose legal representative somebody says not to be. */
export async function showAttachments(
  door: AdminDoor,
  ctx: Context,
  { staff, school, module }: SchoolVisit,
): Promise<void> {
  const { deps } = door;
  const state = ctx.query.etat === STATES.closed ? 'closed' : 'open';
  const asked = pageNumber(ctx.query.page);
  const { counts, rows } = await findSignalled(deps.db, school.id, {
    state,
    limit: SHOWN,
    offset: (asked - 1) * SHOWN,
  });
  const names = await staffNames(
    deps.db,
    rows.map(({ closedBy }) => closedBy),
  );
  const pages = Math.max(1, Math.ceil(counts[state] / SHOWN));
  const page: AttachmentsPage = {
    frame: frameOf(door, ctx, staff, { module, school, current: 'guardians' }),
    links: await helpLinks(door, school, 'attachments'),
    base: baseOf(school.degree),
    states: (['open', 'closed'] as const).map((key) => ({
      key,
      href: helpHref(school, 'attachments', { etat: STATES[key] }),
      count: counts[key],
      current: key === state,
    })),
    state,
    news: newsOf(ctx.query.fait),
    form: {
      action: helpHref(school, 'attachments'),
      csrf: csrfOf(door, ctx),
    },
    rows: rows.map((row) => shownRow(school, row, names)),
    paging: pagingOf(Math.min(asked, pages), pages, (number) =>
      helpHref(school, 'attachments', { etat: STATES[state], page: number }),
    ),
  };
  showPage(deps, ctx, 'admin/families/attachments', page);
}

function shownRow(
  school: StaffSchool,
  row: SignalledAttachment,
  names: ReadonlyMap<string, string>,
): AttachmentsPage['rows'][number] {
  const { pupil, guardian, identifier, publicId, linked, reportedAt, closedAt, closedBy, outcome } = row;
  return {
    key: `${row.referenceId}-${row.pupilId}`,
    pupil,
    guardian,
    identifier,
    // Found wrong, he is none of this school's guardians any more: his page is not there.
    href: publicId && outcome !== 'removed' ? accountHref(school, publicId) : null,
    linked,
    reportedAt,
    closed: closedAt && { at: closedAt, by: names.get(closedBy ?? '') ?? null, outcome },
  };
}

const id = z
  .string()
  .regex(/^[1-9]\d{0,9}$/)
  .transform(Number);
const form = z.object({
  key: z
    .string()
    .transform((text) => text.split('-'))
    .pipe(z.tuple([id, id])),
  decision: z.enum(['kept', 'removed', 'reopen']),
});

/** POST /rattachements: closes one, or opens it again. */
export async function decideAttachment(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { deps } = door;
  const { school } = visit;
  const read = form.safeParse({ key: field(ctx, 'attachment'), decision: field(ctx, 'decision') });
  if (!read.success) return refuseForeign(door, ctx, visit, 'attachment');
  const { key, decision } = read.data;
  const [referenceId, pupilId] = key;
  const attachment = { referenceId, pupilId, schoolId: school.id };
  const decided = await decideWrongAttachment(deps, attachment, decision, actorOf(ctx, visit));
  if (!decided.ok && decided.reason === 'unknown') return refuseForeign(door, ctx, visit, 'attachment');
  const news = decided.ok ? decision : 'decided';
  const told = Object.keys(NEWS).find((word) => NEWS[word] === news) ?? null;
  const etat = decision === 'reopen' ? STATES.closed : STATES.open;
  seeOther(ctx, helpHref(school, 'attachments', { etat, fait: told }));
}
