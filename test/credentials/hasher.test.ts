import { expect, test } from '@jest/globals';
import { createPasswordHasher, HasherBusy } from '../../src/credentials/hasher.ts';

const settings = { ARGON2_MEMORY_KIB: 1024, ARGON2_PASSES: 1, ARGON2_RUNNING: 2, ARGON2_WAITING: 3 };

test('C08: two run, three wait, the rest are turned away, and the gate opens again', async () => {
  const hasher = createPasswordHasher(settings);
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => hasher.hash('table verte 7')));
  const turnedAway = all.filter((one) => one.status === 'rejected');
  expect(turnedAway).toHaveLength(15);
  for (const one of turnedAway) expect((one as PromiseRejectedResult).reason).toBeInstanceOf(HasherBusy);
  expect(hasher.load()).toEqual({ running: 0, waiting: 0 });
  const hash = await hasher.hash('table verte 7');
  expect(await hasher.verify(hash, 'table verte 7')).toBe(true);
  expect(await hasher.verify(hash, 'Table verte 7')).toBe(false);
});

test('C07: a hash under weaker parameters is due for another; absurd or foreign hashes are refused unread', async () => {
  const weak = await createPasswordHasher(settings).hash('table verte 7');
  const stronger = createPasswordHasher({ ...settings, ARGON2_MEMORY_KIB: 2048 });
  expect(stronger.needsRehash(weak)).toBe(true);
  expect(stronger.needsRehash(await stronger.hash('table verte 7'))).toBe(false);
  expect(await stronger.verify('$argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHQ$aGFzaA', 'x')).toBe(false);
  expect(await stronger.verify('$2b$10$abcdefghijklmnopqrstuv', 'x')).toBe(false);
});
