import { describe, expect, test } from '@jest/globals';
import {
  type AccountFacts,
  allOff,
  cutoffsOf,
  monthsBefore,
  type RetentionSettings,
  ruleOf,
} from '../../src/accounts/retention-rules.ts';

const OFF: RetentionSettings = {
  RETENTION_NEVER_ACTIVATED_DAYS: 0,
  RETENTION_UNUSED_MONTHS: 0,
  RETENTION_CLOSED_MONTHS: 0,
  RETENTION_PUPIL_LEFT_MONTHS: 0,
  RETENTION_RECORDS_MONTHS: 0,
};
const NOW = new Date('2026-11-22T08:00:00.000Z');
const moment = (iso: string, ms = 0) => new Date(new Date(iso).getTime() + ms);
const facts = (changes: Partial<AccountFacts>): AccountFacts => ({
  id: 1,
  kind: 'guardian',
  state: 'not_notified',
  createdAt: moment('2020-01-01T00:00:00.000Z'),
  usedAt: moment('2020-01-01T00:00:00.000Z'),
  closedAt: null,
  forgetAt: null,
  living: false,
  childLeftAt: null,
  ...changes,
});
const ruled = (settings: Partial<RetentionSettings>, changes: Partial<AccountFacts>) =>
  ruleOf(facts(changes), cutoffsOf({ ...OFF, ...settings }, NOW), NOW);

describe('off by default', () => {
  test.each<Partial<AccountFacts>>([
    {},
    { state: 'activated' },
    { kind: 'pupil' },
    { closedAt: moment('2020-02-01T00:00:00.000Z') },
    { forgetAt: moment('2026-11-22T08:00:00.001Z') },
  ])('no rule touches %j', (changes) => {
    expect(ruled({}, changes)).toBeNull();
    expect(allOff(cutoffsOf(OFF, NOW))).toBe(true);
  });
});

describe('each rule from the very moment on that the configuration names, and not before', () => {
  const EVERY: Partial<RetentionSettings> = {
    RETENTION_NEVER_ACTIVATED_DAYS: 400,
    RETENTION_UNUSED_MONTHS: 24,
    RETENTION_CLOSED_MONTHS: 6,
    RETENTION_PUPIL_LEFT_MONTHS: 12,
  };
  const day400 = new Date(NOW.getTime() - 400 * 86_400_000).toISOString();
  test.each<[string, string, (at: Date) => Partial<AccountFacts>]>([
    ['never-activated', day400, (childLeftAt) => ({ childLeftAt })],
    ['never-activated', day400, (createdAt) => ({ createdAt })],
    ['never-activated', day400, (childLeftAt) => ({ state: 'activating', childLeftAt })],
    ['unused', '2024-11-22T08:00:00.000Z', (childLeftAt) => ({ state: 'activated', childLeftAt })],
    ['unused', '2024-11-22T08:00:00.000Z', (usedAt) => ({ state: 'activated', usedAt })],
    ['closed', '2026-05-22T08:00:00.000Z', (closedAt) => ({ state: 'activated', closedAt })],
    ['pupil-left', '2025-11-22T08:00:00.000Z', (childLeftAt) => ({ kind: 'pupil', childLeftAt })],
    [
      'pupil-left',
      '2025-11-22T08:00:00.000Z',
      (childLeftAt) => ({ kind: 'pupil', state: 'activated', childLeftAt, usedAt: NOW }),
    ],
    ['forget-asked', NOW.toISOString(), (forgetAt) => ({ state: 'activated', living: true, forgetAt })],
  ])('%s at %s', (rule, boundary, of) => {
    expect(ruled(EVERY, of(moment(boundary)))).toBe(rule);
    expect(ruled(EVERY, of(moment(boundary, 1)))).toBeNull();
  });

  test('whoever has a child in a school, with or without a class, is touched by no rule (R-005a)', () => {
    for (const state of ['not_notified', 'notified', 'activating', 'activated'] as const)
      for (const kind of ['guardian', 'pupil'] as const)
        expect(ruled(EVERY, { kind, state, living: true })).toBeNull();
  });
});

test('months are those of the calendar', () => {
  expect(monthsBefore(new Date('2027-03-31T10:00:00.000Z'), 1)).toEqual(new Date('2027-02-28T10:00:00.000Z'));
  expect(monthsBefore(new Date('2028-02-29T10:00:00.000Z'), 12)).toEqual(
    new Date('2027-02-28T10:00:00.000Z'),
  );
  expect(monthsBefore(new Date('2027-01-15T10:00:00.000Z'), 24)).toEqual(
    new Date('2025-01-15T10:00:00.000Z'),
  );
});
