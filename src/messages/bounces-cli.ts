import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import type { Deps } from '../deps.ts';
import { noteBounce } from './bad-address.ts';
import { readBounce } from './bounces.ts';

type Io = { out(line: string): void; err(line: string): void };

const USAGE = 'usage: educonnect bounces <file...|-> [--json]';

/**
 * `educonnect bounces`: reads reports of non-delivery, one a file, or one from the standard input (`-`), so that any
 * mail server can pipe them. What is no such report is counted and left alone: a mailbox gets other mail too.
 * @returns 0 read, 1 a file could not be read, 2 wrong usage
 */
export async function bouncesCommand(
  deps: Pick<Deps, 'jobsDb' | 'clock' | 'log'>,
  argv: string[],
  io: Io,
  input: () => Readable,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  if (positionals.length === 0) {
    io.err(USAGE);
    return 2;
  }
  const report = { noted: 0, unknown: 0, other: 0, unreadable: 0 };
  for (const path of positionals) {
    try {
      const bounce = await readBounce(path === '-' ? input() : createReadStream(path));
      report[bounce === null ? 'other' : await noteBounce(deps, bounce)] += 1;
    } catch (err) {
      deps.log.error({ err }, 'a report of non-delivery could not be read');
      io.err(`${path} could not be read.`);
      report.unreadable += 1;
    }
  }
  if (values.json) io.out(JSON.stringify(report));
  else
    io.out(
      `${report.noted} mails that came back, ${report.unknown} of no mail of ours, ${report.other} other messages`,
    );
  return report.unreadable > 0 ? 1 : 0;
}
