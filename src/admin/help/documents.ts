import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Context } from '../../http/context.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { writeFlyerPdf } from '../../messages/families/flyer.ts';
import { familyMessage, type SpeakingSchool } from '../../messages/families/message.ts';
import { writeGuidePdf } from '../../messages/guide/pdf.ts';
import type { StaffSchool } from '../../staff/types.ts';
import { frameOf, plainName } from '../frame.ts';
import { answerPdf } from '../pdf-answer.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { helpAddresses } from './address.ts';
import type { MessagePage } from './pages.ts';

/** Families know their school without the académie. */
const speaking = (school: StaffSchool): SpeakingSchool => ({ ...school, name: plainName(school) });

/** GET /aide/message: the message for families, to copy. */
export function showMessage(door: AdminDoor, ctx: Context, { staff, school, module }: SchoolVisit): void {
  const to = helpAddresses(door, school);
  const page: MessagePage = {
    frame: frameOf(door, ctx, staff, { module, school }),
    ...familyMessage(door.deps, speaking(school)),
    helpHref: to.help,
    textHref: to.messageText,
    flyerHref: to.flyer,
  };
  showPage(door.deps, ctx, 'admin/help/message', page);
}

/** GET /aide/message.txt: as a file; lines end as on every system. */
export function downloadMessage({ deps }: AdminDoor, ctx: Context, { school }: SchoolVisit): void {
  const { subject, text } = familyMessage(deps, speaking(school));
  ctx.attachment(`Educonnect-Message-Familles-${school.uai}.txt`);
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = `\ufeffObjet : ${subject}\n\n${text}\n`.replaceAll('\n', '\r\n');
}

/** GET /depliant.pdf: the flyer for families. */
export function downloadFlyer({ deps }: AdminDoor, ctx: Context, { school }: SchoolVisit): void {
  const name = `Educonnect-Depliant-Familles-${school.uai}.pdf`;
  answerPdf(deps, ctx, name, (sink) => writeFlyerPdf(deps, speaking(school), sink));
}

/** GET /admin/guide.pdf: « Guide complet », made once a process. */
export async function downloadGuide({ deps, kept }: AdminDoor, ctx: Context): Promise<void> {
  const { STAFF_GUIDE_URL } = deps.config;
  if (STAFF_GUIDE_URL) return seeOther(ctx, STAFF_GUIDE_URL);
  kept.guide ??= makeGuide(deps);
  // What failed is tried again.
  kept.guide.catch(() => delete kept.guide);
  const guide = await kept.guide;
  ctx.attachment('Educonnect-Guide-Complet.pdf');
  ctx.type = 'application/pdf';
  ctx.body = guide;
}

async function makeGuide(deps: AdminDoor['deps']): Promise<Buffer> {
  const sink = new PassThrough();
  const [guide] = await Promise.all([buffer(sink), writeGuidePdf(deps, sink)]);
  return guide;
}
