import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { inTransaction } from '../../src/db/transaction.ts';
import { purge } from '../../src/jobs/purge.ts';
import { makeAllLetters } from '../../src/jobs/send-messages.ts';
import { LETTERS_KEPT_MS, makeLetters, openLetters } from '../../src/messages/make-letters.ts';
import { notify } from '../../src/messages/notify.ts';
import {
  askForLetters,
  claimBatch,
  findPrintBatch,
  insertPart,
  type PrintBatch,
  type PrintClaim,
  reserveBatch,
} from '../../src/messages/print-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { runProgram } from '../support/program.ts';
import { readPdf } from './read-pdf.ts';
import { insertClass, insertGuardian, insertPupil, insertSchool } from './sample-school.ts';

jest.setTimeout(120_000);

const GUARDIANS = 31;
let database: TestDatabase;
let deps: TestDeps;
let schoolId: number;
let last = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  schoolId = await insertSchool(database.db, { uai: '0319901A' });
});
afterAll(() => database.drop());
beforeEach(() => {
  deps = testDeps(database);
});

/** A distribution whose letters are made beside the requests. @returns its public id */
async function distribute(): Promise<string> {
  const { db } = database;
  last += 1;
  const classId = await insertClass(db, schoolId, `CP ${last}`);
  const pupil = await insertPupil(db, { schoolId, classId, givenName: 'Ana', familyName: 'Foule' });
  const accountIds: number[] = [];
  for (let index = 0; index < GUARDIANS; index += 1) {
    const identifier = `g.foule${last}x${index}`;
    accountIds.push(await insertGuardian(db, { identifier, givenName: 'Guy', familyName: 'Foule' }, [pupil]));
  }
  const actor = { actorKind: 'school' as const };
  const request = { schoolId, accountIds, withReset: false, formKey: null, actor };
  const result = await notify(deps, { ...request, channel: 'sheet' });
  if (!result.ok) throw new Error(result.reason);
  return result.batch;
}

async function found(batch: string): Promise<PrintBatch> {
  const one = await findPrintBatch(database.db, schoolId, batch);
  if (one === null) throw new Error('no such batch');
  return one;
}

async function letters(batch: PrintBatch) {
  const chunks: Buffer[] = [];
  for await (const chunk of openLetters(deps, batch)) chunks.push(chunk);
  return (await readPdf(Buffer.concat(chunks), { codes: false })).pages;
}

test('a printer that dies is replaced when its claim is over, and its half work is forgotten', async () => {
  const batch = await distribute();
  const stopped = new AbortController();
  stopped.abort();
  // It ends without a word after it has begun, as one that is killed.
  await makeLetters(deps, stopped.signal);
  expect((await found(batch)).pdfState).toBe('making');
  expect(await makeLetters(deps)).toBe(false);
  deps.clock.advance(16_000);
  expect(await makeLetters(deps)).toBe(true);
  const made = await found(batch);
  expect(made.pdfState).toBe('ready');
  expect(await letters(made)).toHaveLength(GUARDIANS);
});

test('several printers at once: each batch is printed once', async () => {
  const batches = [await distribute(), await distribute()];
  await Promise.all([makeAllLetters(deps), makeAllLetters(deps), makeAllLetters(deps)]);
  for (const batch of batches) expect(await letters(await found(batch))).toHaveLength(GUARDIANS);
  const attempts = await database
    .db('notification_batches')
    .whereIn('public_id', batches)
    .pluck('pdf_attempts');
  expect(attempts).toEqual([1, 1]);
});

test('of several servers that look one sees to it; letters that never come are given up', async () => {
  const batch = await distribute();
  const now = deps.clock.now();
  const again = new Date(now.getTime() + 10_000);
  const seen = await Promise.all([1, 2, 3].map(() => reserveBatch(database.db, { now, again })));
  expect(seen.filter((one) => one)).toHaveLength(1);
  const stopped = new AbortController();
  stopped.abort();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await makeLetters(deps, stopped.signal);
    deps.clock.advance(16_000);
  }
  await makeLetters(deps);
  expect((await found(batch)).pdfState).toBe('failed');
});

test('whoever reads letters while they are made anew is cut off, and does not take half of them for all', async () => {
  const batch = await distribute();
  await makeAllLetters(deps);
  const reader = openLetters(deps, await found(batch));
  expect((await reader.next()).done).toBe(false);
  await askForLetters(database.db, (await found(batch)).id, deps.clock.now());
  await expect(reader.next()).rejects.toThrow('anew');
  const again = openLetters(deps, await found(batch));
  await expect(again.next()).rejects.toThrow('anew');
  await makeAllLetters(deps);
  expect(await letters(await found(batch))).toHaveLength(GUARDIANS);
});

test('a printer that was thought dead puts nothing among the letters of the one in its place', async () => {
  const batch = await distribute();
  const claim = () => {
    const now = deps.clock.now();
    const claimUntil = new Date(now.getTime() + 15_000);
    return inTransaction(database.db, (trx) => claimBatch(trx, { now, claimUntil }));
  };
  const slow = (await claim()) as PrintClaim;
  expect(slow.publicId).toBe(batch);
  deps.clock.advance(16_000);
  const next = (await claim()) as PrintClaim;
  const part = { part: 5, sealed: 'v1.x', now: deps.clock.now() };
  await expect(insertPart(database.db, slow, part)).rejects.toThrow('taken over');
  await insertPart(database.db, next, part);
  await database.db('notification_batches').where({ id: next.id }).update({ pdf_state: 'failed' });
});

test('nothing of the letters is left after a day (G04)', async () => {
  const batch = await distribute();
  await makeAllLetters(deps);
  const parts = () => database.db('letter_parts').whereIn('batch_id', [made.id]);
  const made = await found(batch);
  expect((await parts()).length).toBeGreaterThan(0);
  const later = new Date(deps.clock.now().getTime() + 25 * 3_600_000);
  await purge(deps, [], { now: later, signal: new AbortController().signal });
  expect(await parts()).toEqual([]);
  expect(LETTERS_KEPT_MS).toBeLessThan(24 * 3_600_000);
});

test('a server has them made by a process of its own', async () => {
  deps.clock.set(new Date());
  const batch = await distribute();
  const { config } = deps;
  const server = runProgram('src/main.ts', [], {
    NODE_ENV: 'test',
    ALLOW_INSECURE_ISSUER: '1',
    HOST: '127.0.0.1',
    PORT: '0',
    BASE_URL: config.BASE_URL,
    DATABASE_URL: database.url,
    SMTP_URL: config.SMTP_URL,
    COOKIE_KEYS: config.COOKIE_KEYS.join(','),
    SEALING_KEYS: config.SEALING_KEYS.join(','),
    SUBJECT_SALT: config.SUBJECT_SALT,
  });
  try {
    await server.says(/"job":"make-letters".*a process of its own/);
    const deadline = Date.now() + 90_000;
    while ((await found(batch)).pdfState !== 'ready') {
      if (Date.now() > deadline) throw new Error(server.output());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await letters(await found(batch))).toHaveLength(GUARDIANS);
  } finally {
    server.child.kill('SIGTERM');
    await server.ended;
  }
});
