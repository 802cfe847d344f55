import { access, constants, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { unsealedLines } from '../../audit/chain-store.ts';
import { isSettled, latestRuns } from '../run-store.ts';
import { dueAt } from '../schedule.ts';
import { lastImports, oldestDue } from './store.ts';
import { type Check, says } from './types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A feed that is unpacked, and a half more. */
const FREE_BYTES = 3 * 1024 ** 3;

export const imports: Check = async ({ config, jobsDb, clock }) => {
  const say = says('import');
  const { IMPORT_FOLDER: folder } = config;
  if (folder === undefined) return [say('warn', 'IMPORT_FOLDER is not set: feeds are imported by hand only')];
  try {
    await access(folder, constants.R_OK);
  } catch {
    return [say('fail', `IMPORT_FOLDER cannot be read by this user: ${folder}`)];
  }
  const runs = await lastImports(jobsDb);
  const done = runs.find(({ state }) => state === 'done');
  if (done === undefined) return [say('warn', 'no import has succeeded yet')];
  const hours = Math.floor((clock.now().getTime() - (done.finishedAt ?? done.startedAt).getTime()) / HOUR_MS);
  const [last] = runs;
  if (last !== undefined && (last.state === 'refused' || last.state === 'failed'))
    return [
      say(
        'fail',
        `the last one was ${last.state}, the last that succeeded ended ${hours} h ago: educonnect job list --json tells why`,
      ),
    ];
  return [
    hours > 48
      ? say('warn', `the last one ended ${hours} h ago: is the feed delivered?`)
      : say('ok', `the last one ended ${hours} h ago`),
  ];
};

/** What should have run by now and did not, in any process. */
export const jobs: Check = async ({ jobsDb, clock }, { jobs: table }) => {
  const say = says('jobs');
  const now = clock.now();
  const latest = await latestRuns(jobsDb);
  const found = await Promise.all(
    table.map(async ({ name, schedule, after }) => {
      const due = schedule === null ? null : dueAt(schedule, now);
      const failed = latest.get(name)?.outcome;
      if (failed === 'failed' || failed === 'refused')
        return [
          say('warn', `${name}: its last run ended as ${failed}: educonnect job list --json tells why`),
        ];
      // What waits for another job is judged with that one.
      if (due === null || after !== undefined || now.getTime() - due.getTime() < 15 * MINUTE_MS) return [];
      if (await isSettled(jobsDb, name, due, now)) return [];
      return [say('fail', `${name} was due at ${due.toISOString()} and has not ended: is a server running?`)];
    }),
  );
  const all = found.flat();
  return all.length > 0 ? all : [say('ok', 'none is late')];
};

export const outbox: Check = async ({ jobsDb, clock }) => {
  const say = says('outbox');
  const now = clock.now();
  const stuck = (await oldestDue(jobsDb, now)).flatMap(({ channel, dueSince, error }) => {
    const minutes = Math.floor((now.getTime() - dueSince.getTime()) / MINUTE_MS);
    const why = error === null ? 'no server looks at it' : `last fault: ${error}`;
    return minutes < 10 ? [] : [say('fail', `${channel}: the oldest waits for ${minutes} minutes; ${why}`)];
  });
  return stuck.length > 0 ? stuck : [say('ok', 'nothing waits longer than it should')];
};

export const audit: Check = async ({ jobsDb, clock }) => {
  const { count, oldest } = await unsealedLines(jobsDb);
  const minutes = oldest === null ? 0 : Math.floor((clock.now().getTime() - oldest.getTime()) / MINUTE_MS);
  return [
    minutes < 5
      ? says('audit')('ok', 'lines are sealed as they come')
      : says('audit')(
          'warn',
          `${count} lines wait for their seal, for ${minutes} minutes: is a server running?`,
        ),
  ];
};

export const disk: Check = async () => {
  const { bavail, bsize } = await statfs(tmpdir());
  const free = (bavail * bsize) / 1024 ** 3;
  const text = `${free.toFixed(1)} GiB free in ${tmpdir()}, where feeds are unpacked`;
  return [
    free * 1024 ** 3 < FREE_BYTES
      ? says('disk')('warn', `only ${text}: make room, or set TMPDIR`)
      : says('disk')('ok', text),
  ];
};
