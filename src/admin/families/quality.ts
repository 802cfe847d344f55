import { dataDates } from '../../assistance/account.ts';
import {
  GUARDIAN_LISTS,
  type GuardianItem,
  PUPIL_LISTS,
  type PupilItem,
  QUALITY_LISTS,
  type Quality,
  type QualityList,
  qualityItems,
  qualityOf,
} from '../../assistance/quality.ts';
import type { Context } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { frameOf } from '../frame.ts';
import { pageNumber, pagingOf, rowsOfPage } from '../paging.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { accountHref, helpHref } from './address.ts';
import { helpLinks } from './links.ts';
import type { QualityPage } from './pages.ts';

const SHOWN = 50;

/** GET /qualite: « Qualité des données » before notifying. */
export async function showQuality(
  door: AdminDoor,
  ctx: Context,
  { staff, school, module }: SchoolVisit,
): Promise<void> {
  const { deps } = door;
  const asked = listAsked(ctx.query.liste);
  const quality = await qualityOf(deps, school.id);
  const data = await dataDates(deps, school.id);
  const choice = (key: QualityList) => ({
    key,
    href: helpHref(school, 'quality', { liste: key }),
    count: quality.counts[key],
    current: key === asked,
  });
  const page: QualityPage = {
    frame: frameOf(door, ctx, staff, { module, school, current: 'guardians' }),
    links: await helpLinks(door, school, 'quality'),
    base: data.base,
    data,
    degree: school.degree,
    total: quality.total,
    pupilLists: PUPIL_LISTS.map(choice),
    guardianLists: GUARDIAN_LISTS.map(choice),
    list: asked && (await shownList(door, school, quality, { key: asked, page: pageNumber(ctx.query.page) })),
  };
  showPage(deps, ctx, 'admin/families/quality', page);
}

export const listAsked = (typed: unknown): QualityList | null =>
  QUALITY_LISTS.find((key) => key === typed) ?? null;

export const isOfPupils = (key: QualityList): key is (typeof PUPIL_LISTS)[number] =>
  (PUPIL_LISTS as readonly string[]).includes(key);

async function shownList(
  { deps }: AdminDoor,
  school: StaffSchool,
  quality: Quality,
  { key, page: asked }: { key: QualityList; page: number },
): Promise<NonNullable<QualityPage['list']>> {
  const count = quality.counts[key];
  const { page, pages, offset } = rowsOfPage(asked, { total: count, rows: SHOWN });
  const items = await qualityItems(deps, quality, key, { offset, limit: SHOWN });
  return {
    key,
    of: isOfPupils(key) ? 'pupils' : 'guardians',
    count,
    csvHref: `${helpHref(school, 'quality')}.csv?liste=${key}`,
    rows: items.map((item) => shownItem(school, item)),
    paging: pagingOf(page, pages, (number) => helpHref(school, 'quality', { liste: key, page: number })),
  };
}

function shownItem(school: StaffSchool, item: PupilItem | GuardianItem) {
  // As the base writes it: here its writing is what one looks at.
  const name = `${item.familyName} ${item.givenName}`;
  if (!('pupils' in item)) {
    const nothing = { identifier: null, href: null, number: null, pupils: [], why: null, others: [] };
    return { ...nothing, name, className: item.className, elsewhere: 0 };
  }
  const { identifier, publicId, pupils, why, others, elsewhere, mobileRaw } = item;
  const href = publicId && accountHref(school, publicId);
  return { name, identifier, href, className: null, number: mobileRaw, pupils, why, others, elsewhere };
}
