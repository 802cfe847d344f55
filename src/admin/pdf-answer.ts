import { PassThrough, type Writable } from 'node:stream';
import type { Deps } from '../deps.ts';
import type { Context } from '../http/context.ts';

/**
 * Answers with a PDF that is written while it is read. Who leaves ends the writing; what fails in the middle ends the
 * answer, so that no half file looks like a whole one.
 */
export function answerPdf(
  { log }: Pick<Deps, 'log'>,
  ctx: Context,
  fileName: string,
  write: (sink: Writable) => Promise<void>,
): void {
  const sink = new PassThrough();
  ctx.attachment(fileName);
  ctx.type = 'application/pdf';
  ctx.body = sink;
  write(sink).catch((error: unknown) => {
    if (ctx.res.destroyed) return;
    log.error({ err: error, requestId: ctx.state.requestId }, 'PDF not written');
    ctx.res.destroy();
  });
}
