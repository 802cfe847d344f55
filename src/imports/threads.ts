import { Worker } from 'node:worker_threads';
import type { FromThread, PartRead, PartToRead, ThreadData, ToThread } from './reader-thread.ts';
import type { Batch } from './reading.ts';
import { FeedError, type FeedFile } from './types.ts';

/**
 * MiB a thread: what it holds is one batch and the text that it reads, some 40. V8 lets a heap grow to its limit
 * before it looks for what is dead, so three threads with these stay below the 512 MiB of an import.
 */
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 };

export type Thread = {
  /**
   * @param schools of the part's base, to which its pupils belong, with `labels`
   * @param on told of each file begun, while it is read too, and given each batch to write
   * @throws FeedError, or what `on` threw
   */
  read(
    part: { files: readonly FeedFile[] } & Omit<PartToRead, 'files'>,
    on: { begun(no: number): void; alive(): Promise<void>; batch(batch: Batch): Promise<void> },
  ): Promise<PartRead>;
  /** What is being read is given up. */
  stop(): Promise<void>;
};

export function startThread(data: ThreadData): Thread {
  const worker = createWorker(data);
  const say = (message: ToThread) => worker.postMessage(message);
  // Why nothing more is to be expected: it may end while nobody waits for it.
  let over: Error | undefined;
  let fail: (error: Error) => void = () => {};
  const end = (error: Error) => {
    over ??= error;
    fail(over);
  };
  worker.on('error', end);
  worker.on('exit', () => end(new Error('a thread that reads the feed has ended')));
  return {
    async read({ files, ...part }, on) {
      if (over) throw over;
      const writing: Promise<void>[] = [];
      try {
        const read = await new Promise<PartRead>((resolve, reject) => {
          fail = reject;
          const write = async (batch: Batch) => {
            await on.batch(batch);
            say({ kind: 'written' });
          };
          const attempt = (tell: () => unknown) => void (async () => tell())().catch(reject);
          worker.removeAllListeners('message').on('message', (message: FromThread) => {
            // What is thrown here would reach nobody else.
            if (message.kind === 'begun') attempt(() => on.begun(message.no));
            else if (message.kind === 'alive') attempt(on.alive);
            else if (message.kind === 'done') resolve(message.part);
            else if (message.kind === 'failed') reject(errorOf(message));
            else {
              const written = write(message.batch);
              written.catch(reject);
              writing.push(written);
            }
          });
          say({ kind: 'part', part: { ...part, files: files.map(({ open: _, ...file }) => file) } });
        });
        await Promise.all(writing);
        return read;
      } finally {
        await Promise.allSettled(writing);
      }
    },
    async stop() {
      await worker.terminate();
    },
  };
}

/** What reads the sources where they are not compiled: demo, tests. */
const LOADER = 'tsx/esm/api';

function createWorker(workerData: ThreadData): Worker {
  const options = { workerData, resourceLimits: LIMITS, execArgv: [] };
  const compiled = new URL('./reader-thread.js', import.meta.url);
  if (!import.meta.url.endsWith('.ts')) return new Worker(compiled, options);
  const source = compiled.href.replace(/js$/, 'ts');
  const [loader, program] = [LOADER, source].map((name) => `import(${JSON.stringify(name)})`);
  return new Worker(`${loader}.then(({ register }) => (register(), ${program}))`, { ...options, eval: true });
}

function errorOf({ file, message, ours }: Extract<FromThread, { kind: 'failed' }>): Error {
  if (ours) return new Error(message);
  // The message names the file already.
  return Object.assign(new FeedError('', message), { file });
}
