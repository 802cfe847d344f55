import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AccountKind } from '../../accounts/types.ts';
import { fileStamp } from '../../files/moment.ts';
import type { Context } from '../../http/context.ts';
import { seeOther } from '../../http/page.ts';
import { areLettersMade, openLetters } from '../../messages/make-letters.ts';
import { LETTERS_AT_ONCE } from '../../messages/notify.ts';
import { type Printable, readPrintable, recordPrint } from '../../messages/print.ts';
import { askForLetters, findPrintBatch } from '../../messages/print-store.ts';
import { writeLetters } from '../../messages/write-letters.ts';
import { pathsOf } from '../address.ts';
import { answerPdf } from '../pdf-answer.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor } from '../types.ts';
import { actorOf, csrfOf } from '../visit.ts';
import { type BatchVisit, ofBatch } from './of-batch.ts';
import type { LettersShown } from './pages.ts';

/**
 * The letters of a distribution. A few are made while they are downloaded; many are made beforehand and
 * kept sealed for less than a day. Either way they bear the passwords of now: what was made is made again when one of
 * them has changed.
 */

/** How the letters stand, for the page of the batch. @param distributed accounts */
export async function lettersShown(
  door: AdminDoor,
  ctx: Context,
  visit: BatchVisit,
  distributed: number,
): Promise<LettersShown> {
  const { deps } = door;
  const { head, school } = visit;
  const batch = await findPrintBatch(deps.db, school.id, head.publicId);
  if (batch === null) return { state: 'none' };
  if (batch.pdfState === 'waiting' || batch.pdfState === 'making')
    return { state: 'making', done: batch.pdfDone, total: distributed };
  const printable = await readPrintable(deps.db, deps, batch, { children: false });
  const letters = printable?.notified.length ?? 0;
  if (printable === null || letters === 0) return { state: 'none' };
  const paths = pathsOf(visit);
  if (letters <= LETTERS_AT_ONCE || areLettersMade(deps, batch, printable))
    return { state: 'ready', href: paths.letters(head.publicId), letters };
  return {
    state: 'asked',
    action: `${paths.batch(head.publicId)}/courrier`,
    csrf: csrfOf(door, ctx),
    failed: batch.pdfState === 'failed',
  };
}

/** POST /distributions/:batch/courrier: has the letters made (again). */
export const makeAgain = ofBatch(async (door, ctx, visit) => {
  if (visit.head.channel === 'sheet') await askForLetters(door.deps.db, visit.head.id, door.deps.clock.now());
  seeOther(ctx, pathsOf(visit).batch(visit.head.publicId));
});

/** GET /distributions/:batch/courrier.pdf. Letters that are not ready lead back to the page that tells so. */
export const downloadLetters = ofBatch(async (door, ctx, visit) => {
  const { deps } = door;
  const { head, school } = visit;
  const batch = await findPrintBatch(deps.db, school.id, head.publicId);
  const printable = batch && (await readPrintable(deps.db, deps, batch));
  if (!batch || !printable || printable.notified.length === 0)
    return refuseForeign(door, ctx, visit, 'distribution');
  const few = printable.notified.length <= LETTERS_AT_ONCE;
  if (!few && !areLettersMade(deps, batch, printable))
    return seeOther(ctx, pathsOf(visit).batch(head.publicId));
  ctx.set('Cache-Control', 'no-store');
  const answer = (write: (sink: Writable) => Promise<void>) =>
    answerPdf(deps, ctx, fileName(printable, visit.of), write);
  // HEAD prints nothing.
  if (ctx.method !== 'GET') return answer(async (sink) => void sink.end());
  await recordPrint(deps, printable, { batch: batch.id, actor: actorOf(ctx, visit) });
  answer((sink) => (few ? writeLetters(deps, printable, sink) : pipeline(openLetters(deps, batch), sink)));
});

/** `Educonnect-Courriers-0311478N-20260906093000.pdf`; `Educonnect-CourriersEleves-...` */
const fileName = ({ school, at }: Printable, of: AccountKind) =>
  `Educonnect-Courriers${of === 'pupil' ? 'Eleves' : ''}-${school.uai}-${fileStamp(at)}.pdf`;
