import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { checkRunLog, foundInLog } from '../support/run-log-check.ts';

/** The look through the logs of the whole run (B08, G04, N01) finds what it is there for. */

const SECRETS = new Set(['chaise3verte', '123456', 'k3J-token_of.nobody', 'parent@example.org']);
const line = (fields: object) =>
  `a.test.ts ${JSON.stringify({ level: 30, time: '2026-11-27T23:00:00.123Z', pid: 123456, requestId: '123456', ...fields })}`;

test.each([
  ['a password', { msg: 'typed chaise3verte' }],
  ['a code', { code: '123456' }],
  ['a code in an address', { path: '/x?code=123456&y=1' }],
  ['a token with dots', { at: '/lien/k3J-token_of.nobody' }],
  ['an address, as it stands in a query', { query: 'email=parent%40example.org' }],
  ['any address', { to: 'somebody@example.com' }],
  ['any mobile', { to: '+33639980001' }],
  ['any mobile as people write it', { msg: 'not sent to 06 39 98 00 01' }],
  ['any birth date', { msg: 'not born on 2016-05-14' }],
  ['any birth date as people write it', { msg: 'not born on 14/05/2016' }],
  ['any token that is signed', { msg: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0' }],
  ['any password hash', { msg: '$argon2id$v=19$m=1024' }],
])('B08: %s is found, and not told again', (_what, fields) => {
  const found = foundInLog([line(fields)], SECRETS);
  expect(found.length).toBeGreaterThan(0);
  expect(found[0]).toMatch(/^a\.test\.ts: /);
});

test('B08: what says when, by whom and how fast is nobody’s secret', () => {
  const fine = [
    line({
      received: 'https://user:pass@ent.example.org/callback',
      also: 'https://ent.example.org@evil.test/',
    }),
    line({ method: 'POST', route: '/interaction/:uid/code', status: 303, ms: 123.456, msg: 'request' }),
    line({
      job: 'import',
      details: { reason: 'the files of 2026-11-02 are older than those of 2026-11-03' },
    }),
  ];
  expect(foundInLog(fine, SECRETS)).toEqual([]);
});

test('B08: the files of a run are read, whatever the process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ec-log-'));
  await writeFile(join(folder, '1.log'), `${line({ msg: 'fine' })}\n`);
  await writeFile(join(folder, '2.log'), `${line({ msg: 'typed chaise3verte' })}\n`);
  await writeFile(join(folder, '1.secrets'), 'chaise3verte\nother4secret\n');
  expect(await checkRunLog(folder)).toMatchObject({
    lines: 2,
    secrets: 2,
    told: [expect.stringContaining('a.test.ts')],
  });
  await rm(folder, { recursive: true });
});
