import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { accountColumns } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { openProvisional } from '../../src/credentials/provisional.ts';
import { sendMessages } from '../../src/jobs/send-messages.ts';
import { contentContext } from '../../src/messages/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { type Program, runProgram } from '../support/program.ts';
import { insertClass, insertGuardian, insertPupil, insertSchool } from './sample-school.ts';

/** Twenty processes begin and are killed, which takes its time. */
jest.setTimeout(300_000);

const GUARDIANS = 120;
const KILLS = 20;

let database: TestDatabase;
let deps: TestDeps;
let schoolId: number;
const accountIds: number[] = [];
let running: Program | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  const { db } = database;
  schoolId = await insertSchool(db, { uai: '0319901A' });
  const classId = await insertClass(db, schoolId, 'CP');
  const pupil = await insertPupil(db, { schoolId, classId, givenName: 'Ana', familyName: 'Foule' });
  for (let index = 0; index < GUARDIANS; index += 1) {
    const account = {
      identifier: `g.foule${index}`,
      givenName: 'Guy',
      familyName: 'Foule',
      knownEmail: `g${index}@example.org`,
    };
    accountIds.push(await insertGuardian(db, account, [pupil]));
  }
});
afterEach(() => {
  running?.child.kill('SIGKILL');
});
afterAll(() => database.drop());

function start(): Program {
  const { config } = deps;
  running = runProgram(
    join(import.meta.dirname, 'notify-forever.ts'),
    [String(schoolId), JSON.stringify(accountIds)],
    {
      NODE_ENV: 'test',
      ALLOW_INSECURE_ISSUER: '1',
      LOG_LEVEL: 'silent',
      BASE_URL: config.BASE_URL,
      DATABASE_URL: database.url,
      SMTP_URL: config.SMTP_URL,
      COOKIE_KEYS: config.COOKIE_KEYS.join(','),
      SEALING_KEYS: config.SEALING_KEYS.join(','),
      SUBJECT_SALT: config.SUBJECT_SALT,
    },
  );
  return running;
}

/** Waits until the server has taken back what the dead process had begun. */
async function settled(): Promise<void> {
  await database.db.transaction(async (trx) => {
    await trx('accounts').whereIn('id', accountIds).forUpdate().select('id');
  });
}

/** Every batch is whole, and every guardian's one valid password is the one that the mail to him tells. */
async function checkAll(): Promise<void> {
  const { db } = database;
  const batches = await db('notification_batches as b')
    .leftJoin('notification_results as r', 'r.batch_id', 'b.id')
    .groupBy('b.id')
    .select('b.id')
    .count({ n: 'r.account_id' });
  expect(batches.every(({ n }) => Number(n) === GUARDIANS)).toBe(true);
  const accounts: Account[] = await db('accounts').select(accountColumns()).whereIn('id', accountIds);
  const notified = accounts.filter(({ state }) => state === 'notified');
  expect(notified).toHaveLength(batches.length === 0 ? 0 : GUARDIANS);
  const waiting = await db('outbox_messages').where({ state: 'waiting' }).whereIn('template', ['c02', 'c06']);
  expect(waiting).toHaveLength(notified.length);
  for (const account of notified) {
    const mails = waiting.filter(({ concern_accounts: of }) => of === String(account.id));
    expect(mails).toHaveLength(1);
    const { text } = JSON.parse(
      deps.sealer.open(mails[0].content_sealed, contentContext(mails[0].unique_key)),
    );
    expect(text).toContain(`Mot de passe * : ${openProvisional(deps, account)}\n`);
  }
  const lines = await db('audit_events').where({ event: 'notify' }).count({ n: '*' }).first();
  expect(Number(lines?.n)).toBe(batches.length * GUARDIANS);
}

test('K01: killed twenty times in the middle, each guardian has one password, that of his letter', async () => {
  let whole = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const program = start();
    await program.says(/begin 0\n/);
    const began = Date.now();
    if (kill === 0) {
      await program.says(/done 0\n/);
      whole = Date.now() - began;
    }
    // Spread over the length of one distribution, which goes on for as long as nobody ends it.
    else await pause((whole * kill) / KILLS);
    program.child.kill('SIGKILL');
    await program.ended;
    await settled();
    await checkAll();
  }
  deps.clock.set(new Date(Date.now() + 1000));
  await sendMessages(deps, 'email');
  const accounts: Account[] = await database
    .db('accounts')
    .select(accountColumns())
    .whereIn('id', accountIds);
  const told = deps.mailer.sent.filter(({ text }) => text.includes('Mot de passe *'));
  expect(told).toHaveLength(GUARDIANS);
  for (const account of accounts) {
    const password = String(openProvisional(deps, account));
    expect(told.filter(({ text }) => text.includes(password))).toHaveLength(1);
  }
});
