import { setImmediate } from 'node:timers/promises';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { letterOf } from './letter.ts';
import { letterContent } from './letters/content.ts';
import { openLettersDocument } from './letters/pdf.ts';
import { type Printable, readPrintable } from './print.ts';
import {
  claimBatch,
  endPrinting,
  findPart,
  insertPart,
  noteProgress,
  type PrintBatch,
  type PrintClaim,
} from './print-store.ts';
import { titleOf } from './write-letters.ts';

/** A printer that gives no sign of life for so long is taken to be dead. */
const CLAIM_MS = 15_000;
const PROGRESS_EVERY = 25;
/** Bytes of a part; sealed, it is less than a statement may carry. */
const PART_BYTES = 1_048_576;
const ATTEMPTS = 3;
/** Letters are kept sealed, for less than a day (G04). */
export const LETTERS_KEPT_MS = 23 * 3_600_000;

type Needs = Pick<Deps, 'jobsDb' | 'clock' | 'config' | 'sealer' | 'render' | 'log'>;

export const letterContext = (publicId: string, part: number) => `letters:${publicId}:${part}`;

/**
 * Makes the letters of one batch that waits, beside the requests: a page at a time, so that whoever asks for something
 * meanwhile is answered; sealed part by part, so that nothing readable lies anywhere and memory stays small. A printer
 * that dies is replaced.
 * @returns false when none waits
 */
export async function makeLetters(deps: Needs, signal?: AbortSignal): Promise<boolean> {
  const { jobsDb } = deps;
  const claim = await inTransaction(jobsDb, (trx) => claimBatch(trx, claimNow(deps)));
  if (claim === null) return false;
  if (claim.attempt > ATTEMPTS) {
    deps.log.error({ batch: claim.id }, 'letters given up');
    await endPrinting(jobsDb, claim, { state: 'failed' });
    return true;
  }
  const printable = await readPrintable(jobsDb, deps, claim);
  if (printable === null) return true;
  if (await print(deps, claim, printable, signal))
    await endPrinting(jobsDb, claim, { state: 'ready', digest: printable.digest, now: deps.clock.now() });
  return true;
}

function claimNow({ clock }: Needs) {
  const now = clock.now();
  return { now, claimUntil: new Date(now.getTime() + CLAIM_MS) };
}

/** @returns false when it was not finished: another printer has taken over, or the process ends */
async function print(
  deps: Needs,
  claim: PrintClaim,
  printable: Printable,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const document = openLettersDocument({ title: titleOf(printable), writtenAt: printable.at });
  const parts = partWriter(deps, claim);
  const written = parts.take(document.stream);
  // Awaited below, or given up with the document.
  written.catch(() => {});
  for (const [index, notified] of printable.notified.entries()) {
    const letter = letterOf(deps, printable, notified);
    document.addLetter(letterContent(deps, letter), letter.identifier);
    await setImmediate();
    if (index % PROGRESS_EVERY !== 0) continue;
    const kept = await noteProgress(deps.jobsDb, claim, { done: index, ...claimNow(deps) });
    if (kept && !signal?.aborted) continue;
    document.stream.destroy();
    return false;
  }
  document.end();
  await written;
  return true;
}

function partWriter({ jobsDb, sealer, clock }: Needs, claim: PrintClaim) {
  let number = 0;
  const write = async (bytes: Buffer) => {
    const sealed = sealer.seal(bytes.toString('base64'), letterContext(claim.publicId, number));
    await insertPart(jobsDb, claim, { part: number, sealed, now: clock.now() });
    number += 1;
  };
  return {
    async take(stream: AsyncIterable<Buffer>): Promise<void> {
      let waiting: Buffer[] = [];
      let size = 0;
      for await (const chunk of stream) {
        waiting.push(chunk);
        size += chunk.length;
        if (size < PART_BYTES) continue;
        await write(Buffer.concat(waiting));
        waiting = [];
        size = 0;
      }
      if (size > 0) await write(Buffer.concat(waiting));
    },
  };
}

/** Whether the letters that were made can still be handed out: not too old, and with the passwords of now. */
export function areLettersMade(
  { clock }: Pick<Deps, 'clock'>,
  { pdfState, pdfMadeAt, pdfDigest }: PrintBatch,
  { digest }: { digest: string },
): boolean {
  if (pdfState !== 'ready' || pdfMadeAt === null || pdfDigest !== digest) return false;
  return clock.now().getTime() - pdfMadeAt.getTime() < LETTERS_KEPT_MS;
}

/** The letters that were made, part by part; half of them end in an error, not as if they were all. */
export async function* openLetters(
  { jobsDb, sealer }: Pick<Deps, 'jobsDb' | 'sealer'>,
  batch: Pick<PrintBatch, 'id' | 'publicId' | 'pdfMadeAt' | 'pdfDigest'>,
): AsyncGenerator<Buffer> {
  for (let part = 0; ; part += 1) {
    const sealed = await findPart(jobsDb, batch, part);
    if (sealed === null) return;
    yield Buffer.from(sealer.open(sealed, letterContext(batch.publicId, part)), 'base64');
  }
}
