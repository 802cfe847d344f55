/** Part d, as a director has it: all 1,500 of his list at once, by sheets and by mail, from his browser. */
import { setTimeout as pause } from 'node:timers/promises';
import { type BenchDatabase, readCounters } from './database.ts';
import { cpuSeconds, memoryMiB, watchChildren } from './machine.ts';
import type { Program } from './program.ts';
import { startOurs } from './servers.ts';
import { signInStaff } from './staff.ts';
import { table } from './table.ts';
import { type Answer, send } from './visitor.ts';

const LIMITS = { decisionS: 2, lettersS: 10, peakMiB: 300 };
const LONGEST_S = 300;

export type Distribution = {
  what: string;
  accounts: number;
  /** From the button to the next page: everything is decided, and every mail is in the outbox. */
  decision: number;
  mails: number;
  /** Until the file can be had, from the button; null: no letters. */
  letters: number | null;
  kilobytes: number;
  cpu: number;
  peak: number;
  /** Of the process that makes the letters. */
  printer: { cpu: number; peak: number };
  statements: number;
};

type Door = { database: BenchDatabase; origin: string; cookie: string; uai: string; pid: number };

/** @param schools by sheets the first, by mail the second; each on a server just started, for its memory */
export async function measureDistributions(
  {
    database,
    env,
    program,
    folder,
    port,
  }: {
    database: BenchDatabase;
    env: Record<string, string>;
    program: Program;
    folder: string;
    port: number;
  },
  schools: readonly [number, number],
  say: (line: string) => void,
): Promise<Distribution[]> {
  const { sql } = database;
  await sql.raw(
    `UPDATE guardian_references SET email = CONCAT('parent', id, '@example.org')
     WHERE account_id IS NOT NULL AND email IS NULL`,
  );
  const cookie = await signInStaff(sql, env.COOKIE_KEYS ?? '', schools);
  const done: Distribution[] = [];
  for (const [index, act] of (['sheet', 'email'] as const).entries()) {
    say(act === 'sheet' ? 'by sheets, from the list' : 'by mail, from the list');
    const { uai } = await sql('schools').where({ id: schools[index] }).first('uai');
    const server = await startOurs(env, { program, folder });
    try {
      done.push(
        await distribute({ database, origin: `http://127.0.0.1:${port}`, cookie, uai, pid: server.pid }, act),
      );
    } finally {
      await server.stop();
    }
  }
  return done;
}

async function distribute(door: Door, act: 'sheet' | 'email'): Promise<Distribution> {
  const { database, uai, pid } = door;
  const list = `/admin/etablissements/${uai}/responsables`;
  const shown = await visit(door, `${list}?q=`);
  const asked = await visit(door, `${list}/confirmer`, {
    _csrf: csrfOf(shown),
    q: '',
    all: '1',
    action: act,
  });
  const form = hiddenFields(asked.text, `${list}/notifier`);
  const [counters, cpu] = [await readCounters(database.sql), cpuSeconds(pid)];
  const printer = watchChildren(pid);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const answer = await visit(door, `${list}/notifier`, form);
  const decision = seconds();
  if (answer.status !== 303) throw new Error(`not distributed: ${answer.status}`);
  const mails = await countMails(database);
  // It leads on with the search of the list.
  const { pathname } = new URL(String(answer.headers.location), door.origin);
  const batch = pathname.split('/').at(-1) ?? '';
  const ready = act === 'sheet' ? await untilReady(database, batch, seconds) : null;
  const after = await readCounters(database.sql);
  const file = act === 'sheet' ? await visit(door, `${pathname}/courrier.pdf`) : null;
  return {
    what: act === 'sheet' ? 'by sheets' : 'by mail',
    accounts: Number(form.expected),
    decision,
    mails,
    letters: ready?.seconds ?? null,
    kilobytes: Number(file?.headers['content-length'] ?? Buffer.byteLength(file?.text ?? '')) / 1024,
    cpu: cpuSeconds(pid) - cpu,
    peak: memoryMiB(pid).peak,
    printer: printer.stop(),
    // Those with which we asked are not its own.
    statements: after.statements - counters.statements - (ready?.looks ?? 0),
  };
}

async function visit({ origin, cookie }: Door, at: string, form?: Record<string, string>): Promise<Answer> {
  const path = new URL(at, origin);
  const answer = await send(origin, path.pathname + path.search, {
    headers: { accept: 'text/html', cookie },
    ...(form && { form }),
  });
  if (answer.status < 400) return answer;
  throw new Error(`${path.pathname}: ${answer.status} ${answer.text.slice(0, 300)}`);
}

const csrfOf = ({ text }: Answer) => /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';

function hiddenFields(html: string, action: string): Record<string, string> {
  const form = html.split('<form').find((part) => part.includes(`action="${action}"`)) ?? '';
  const inputs = form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries(Array.from(inputs, ([, name = '', value = '']) => [name, value]));
}

async function countMails({ sql }: BenchDatabase): Promise<number> {
  const [row] = await sql('outbox_messages').where({ channel: 'email' }).count({ n: '*' });
  return Number(row?.n);
}

async function untilReady({ sql }: BenchDatabase, batch: string, seconds: () => number) {
  for (let looks = 1; seconds() < LONGEST_S; looks += 1) {
    const row = await sql('notification_batches').where({ public_id: batch }).first('pdf_state');
    if (row?.pdf_state === 'ready') return { seconds: seconds(), looks };
    if (row?.pdf_state !== 'waiting' && row?.pdf_state !== 'making') break;
    await pause(100);
  }
  throw new Error('the letters were not made');
}

export function distributionsTable(done: readonly Distribution[]): string {
  return table(
    [
      'from the list',
      'accounts',
      'decision s',
      'mails queued',
      'PDF after s',
      'PDF kB',
      'CPU server s',
      'peak MiB',
      'CPU printer s',
      'printer MiB',
      'statements',
      'kept',
    ],
    done.map((one) => {
      const kept =
        one.decision < LIMITS.decisionS &&
        (one.letters ?? 0) < LIMITS.lettersS &&
        Math.max(one.peak, one.printer.peak) < LIMITS.peakMiB;
      return [
        one.what,
        one.accounts,
        one.decision,
        one.mails,
        one.letters,
        Math.round(one.kilobytes),
        one.cpu,
        Math.round(one.peak),
        one.printer.cpu,
        Math.round(one.printer.peak),
        one.statements,
        kept ? 'yes' : 'no',
      ];
    }),
  );
}
