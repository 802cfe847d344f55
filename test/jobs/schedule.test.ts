import { expect, test } from '@jest/globals';
import { dailyAt, dueAt, nextAt } from '../../src/jobs/schedule.ts';

const due = (pattern: string, now: string) => dueAt(pattern, new Date(now))?.toISOString();
const NIGHT = dailyAt('03:30');

test.each([
  ['at the very moment', NIGHT, '2026-11-22T02:30:00.000Z', '2026-11-22T02:30:00.000Z'],
  ['not before it', NIGHT, '2026-11-22T02:29:59.999Z', undefined],
  ['until midnight in Paris', NIGHT, '2026-11-22T22:59:00.000Z', '2026-11-22T02:30:00.000Z'],
  ['and not the next day', NIGHT, '2026-11-22T23:01:00.000Z', undefined],
  ['in summer an hour earlier', NIGHT, '2026-07-01T10:00:00.000Z', '2026-07-01T01:30:00.000Z'],
  ['across midnight for an hour', dailyAt('23:59'), '2026-11-22T23:10:00.000Z', '2026-11-22T22:59:00.000Z'],
  ['the hour that is skipped', dailyAt('02:30'), '2026-03-29T10:00:00.000Z', '2026-03-29T01:00:00.000Z'],
  [
    'once in the hour that is twice',
    dailyAt('02:30'),
    '2026-10-25T10:00:00.000Z',
    '2026-10-25T00:30:00.000Z',
  ],
  ['the last of many', '*/10 * * * *', '2026-11-22T08:19:59.000Z', '2026-11-22T08:10:00.000Z'],
])('what is due: %s', (_what, pattern, now, expected) => {
  expect(due(pattern, now)).toBe(expected);
});

test('the next moment', () => {
  expect(nextAt(NIGHT, new Date('2026-11-22T02:30:00.000Z'))?.toISOString()).toBe('2026-11-23T02:30:00.000Z');
});
