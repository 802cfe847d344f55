import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { inTransaction } from '../../src/db/transaction.ts';
import type { Mailer } from '../../src/deps.ts';
import { keepSending } from '../../src/jobs/send-messages.ts';
import { queueMail } from '../../src/messages/outbox.ts';
import { claimDue } from '../../src/messages/outbox-store.ts';
import { sendDue } from '../../src/messages/send.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  deps = testDeps(database);
  await database.db('outbox_messages').delete();
});

const TOKEN = 'q8wXn5-live-token-of-a-link';
function queue(key: string, to = `${key}@example.org`) {
  const data = {
    identifier: "j.o'brien2",
    link: `http://localhost:3000/activation/${TOKEN}`,
    validUntil: new Date('2026-11-29T08:00:00Z'),
    validDays: 7,
  };
  return inTransaction(database.db, (trx) =>
    queueMail(trx, deps, { template: 'activation', to, data, uniqueKey: key }),
  );
}
const rows = () => database.db('outbox_messages').orderBy('id');

/** A mailer that answers what it is told to, and remembers. */
function mailer(answer: (to: string) => Awaited<ReturnType<Mailer['send']>> | Promise<never>) {
  const tried: { to: string; messageId: string }[] = [];
  return {
    tried,
    async send({ to, messageId }: { to: string; messageId: string }) {
      tried.push({ to, messageId });
      return answer(to);
    },
    close() {},
  };
}
const unreachable = { ok: false as const, permanent: false, reason: 'ECONNREFUSED' };

describe('the outbox', () => {
  test('keeps a mail sealed until it has left, then forgets its words', async () => {
    await queue('one');
    const [waiting] = await rows();
    expect(waiting.state).toBe('waiting');
    expect(JSON.stringify(waiting)).not.toContain(TOKEN);

    expect(await sendDue(deps)).toEqual({ claimed: 1, sent: 1, retried: 0, failed: 0, unsure: 0 });
    const [mail] = deps.mailer.sent;
    expect(mail?.to).toBe('one@example.org');
    expect(mail?.subject).toBe("Services en ligne de l'éducation nationale - activation du compte");
    for (const part of [mail?.text, mail?.html]) {
      expect(part).toContain(`http://localhost:3000/activation/${TOKEN}`);
      expect(part).toContain("jusqu'au 29 novembre 2026");
      expect(part).toContain('valable 7 jours');
      expect(part).toContain('http://localhost:3000/aide');
    }
    expect(mail?.text).toContain("j.o'brien2");
    expect(mail?.html).toContain('j.o&#39;brien2');
    const [sent] = await rows();
    expect(sent).toMatchObject({ state: 'sent', content_sealed: null, attempts: 1 });
    expect(mail?.messageId).toBe(sent.message_id);
    expect(await sendDue(deps)).toMatchObject({ claimed: 0 });
  });

  test('is part of the transaction: what is rolled back does not leave', async () => {
    const refused = inTransaction(database.db, async (trx) => {
      const data = { identifier: 'x', link: 'http://localhost/', validUntil: new Date(), validDays: 7 };
      await queueMail(trx, deps, { template: 'activation', to: 'a@example.org', data, uniqueKey: 'gone' });
      throw new Error('the step failed');
    });
    await expect(refused).rejects.toThrow('the step failed');
    expect(await rows()).toHaveLength(0);
  });

  test('takes one message a key', async () => {
    await queue('same');
    await queue('same', 'other@example.org');
    expect(await rows()).toHaveLength(1);
  });

  test.each([
    'a@example.org, b@example.org',
    'a@example.org\r\nBcc: b@example.org',
    'a',
    'A <a@example.org>',
    '',
  ])('refuses %j as a recipient', async (to) => {
    await expect(queue('bad', to)).rejects.toThrow('exactly one recipient');
    expect(await rows()).toHaveLength(0);
  });

  test('two senders at once never send one mail twice', async () => {
    for (let index = 0; index < 40; index += 1) await queue(`m${index}`);
    const work = Array.from({ length: 4 }, async () => {
      while ((await sendDue(deps)).claimed > 0);
    });
    await Promise.all(work);
    // A sender that found all rows locked stopped early; the rest is sent by the next look.
    while ((await sendDue(deps)).claimed > 0);
    const to = deps.mailer.sent.map((mail) => mail.to);
    expect(to).toHaveLength(40);
    expect(new Set(to).size).toBe(40);
  });

  test('K01: a sender that died after its claim: the mail leaves once the claim has ended, same Message-ID', async () => {
    await queue('crash');
    const now = deps.clock.now();
    const claimUntil = new Date(now.getTime() + 60_000);
    await inTransaction(database.db, (trx) =>
      claimDue(trx, { channel: 'email', states: ['waiting'], now, claimUntil, limit: 10 }),
    );
    const [before] = await rows();
    expect(before.state).toBe('sending');

    deps.clock.advance(59_000);
    expect(await sendDue(deps)).toMatchObject({ claimed: 0 });
    deps.clock.advance(2_000);
    expect(await sendDue(deps)).toMatchObject({ claimed: 1, sent: 1 });
    expect(deps.mailer.sent.map((mail) => mail.messageId)).toEqual([before.message_id]);
  });

  test('K01: what a slow sender notes too late changes nothing', async () => {
    await queue('slow');
    const slow = mailer(async () => {
      deps.clock.advance(61_000);
      await sendDue(deps);
      return unreachable as never;
    });
    await sendDue({ ...deps, mailer: slow });
    const [row] = await rows();
    expect(row).toMatchObject({ state: 'sent', attempts: 2, last_error: null });
  });

  test('J05: mail server away for two hours: the outbox grows, then all leave, once', async () => {
    for (const key of ['a', 'b', 'c']) await queue(key);
    const away = mailer(() => unreachable);
    const until = deps.clock.now().getTime() + 2 * 3_600_000;
    for (; deps.clock.now().getTime() < until; deps.clock.advance(60_000)) {
      await sendDue({ ...deps, mailer: away });
    }
    await queue('d');
    expect((await rows()).map((row) => row.state)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
    // Pauses grow to five minutes: some thirty attempts each, not one a second.
    expect(away.tried.length).toBeGreaterThan(60);
    expect(away.tried.length).toBeLessThan(3 * 35);
    expect(new Set(away.tried.map((mail) => mail.messageId)).size).toBe(3);

    deps.clock.advance(300_000);
    expect(await sendDue(deps)).toMatchObject({ sent: 4 });
    const ids = deps.mailer.sent.map((mail) => mail.messageId);
    expect(new Set(ids)).toEqual(new Set((await rows()).map((row) => row.message_id)));
    expect(ids).toHaveLength(4);
  });

  test('a refusal for good ends in failed and forgets the words; others go on', async () => {
    await queue('good');
    await queue('bad');
    const choosy = mailer((to) =>
      to.startsWith('bad') ? { ok: false, permanent: true, reason: 'EENVELOPE 550 RCPT TO' } : { ok: true },
    );
    expect(await sendDue({ ...deps, mailer: choosy })).toMatchObject({ sent: 1, failed: 1 });
    const [, bad] = await rows();
    expect(bad).toMatchObject({ state: 'failed', content_sealed: null, last_error: 'EENVELOPE 550 RCPT TO' });
  });

  test('gives up after three days', async () => {
    await queue('old');
    deps.clock.advance(3 * 86_400_000);
    expect(await sendDue({ ...deps, mailer: mailer(() => unreachable) })).toMatchObject({ failed: 1 });
  });

  test('a mailer that throws is an attempt that failed, and a key that is missing can come back', async () => {
    await queue('sealed');
    const broken = mailer(() => Promise.reject(new TypeError('broken')));
    expect(await sendDue({ ...deps, mailer: broken })).toMatchObject({ retried: 1 });
    const stranger = testDeps(database, { env: { SEALING_KEYS: 'another-key-that-opens-nothing' } });
    deps.clock.advance(10_000);
    stranger.clock.set(deps.clock.now());
    expect(await sendDue(stranger)).toMatchObject({ retried: 1 });
    deps.clock.advance(60_000);
    expect(await sendDue(deps)).toMatchObject({ sent: 1 });
  });

  test('the loop sends, survives a database that is away, and stops with nothing under way', async () => {
    await queue('loop');
    let fail = true;
    const flaky = new Proxy(database.db, {
      get(target, property) {
        if (property === 'transaction' && fail) {
          fail = false;
          return () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }));
        }
        return Reflect.get(target, property);
      },
    });
    const loop = keepSending({ ...deps, jobsDb: flaky }, 'email', 5);
    const deadline = Date.now() + 10_000;
    while (deps.mailer.sent.length === 0 && Date.now() < deadline) {
      loop.nudge();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await loop.stop();
    expect(fail).toBe(false);
    expect(deps.mailer.sent).toHaveLength(1);
    await queue('later');
    expect((await rows()).at(-1).state).toBe('waiting');
  });

  test('stopping gives back what was claimed but not begun', async () => {
    for (let index = 0; index < 8; index += 1) await queue(`s${index}`);
    const stop = new AbortController();
    const stopping = mailer(() => {
      stop.abort();
      return { ok: true };
    });
    const report = await sendDue({ ...deps, mailer: stopping }, { signal: stop.signal });
    expect(report.claimed).toBe(8);
    expect(report.sent).toBeLessThan(8);
    const left = (await rows()).filter((row) => row.state === 'waiting');
    expect(left).toHaveLength(8 - report.sent);
    expect(left.every((row) => row.attempts === 0)).toBe(true);
    expect(await sendDue(deps)).toMatchObject({ sent: 8 - report.sent });
  });
});
