import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Pdf } from './document.ts';

/** Bytes of finished pages that may wait for whoever reads them. */
const WAITING_BYTES = 1_048_576;

/**
 * Between two pages: lets the reader catch up, and others have their turn.
 * @param done the pipeline from the document to the sink; it fails when the reader is gone
 */
export async function giveWay(document: Pdf, sink: Writable, done: Promise<void>): Promise<void> {
  do {
    if (sink.writableNeedDrain) await Promise.race([once(sink, 'drain'), done]);
    else await setImmediate();
    if (sink.destroyed) await done;
  } while (document.readableLength > WAITING_BYTES);
}
