import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AafFeed, AafGuardian, AafPupil } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type TestDeps, testDeps } from '../support/deps.ts';
import { night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;
const DAY_MS = 86_400_000;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());

const feed = (guardian: Partial<AafGuardian>, pupil: Partial<AafPupil>): AafFeed => ({
  degree: 1,
  schools: [{ id: 'A', uai: '0319901A' }],
  pupils: [{ id: '1', school: 'A', guardians: [{ guardian: '51' }], ...pupil }],
  guardians: [
    { id: '51', familyName: 'Zoumn', givenName: 'Guillaume', mobile: '06 39 98 00 01', ...guardian },
  ],
});
const dates = async () => ({
  ...(await database.db('guardian_references').first('names_changed_at', 'mobile_changed_at')),
  ...(await database.db('pupils').first('ine_changed_at', 'birth_date_changed_at')),
});

test('the date of the last change of what a guardian proves himself by, and of that alone', async () => {
  const nothing = {
    names_changed_at: null,
    mobile_changed_at: null,
    ine_changed_at: null,
    birth_date_changed_at: null,
  };
  await night(deps, feed({}, {}));
  expect(await dates()).toEqual(nothing);

  deps.clock.advance(DAY_MS);
  await night(deps, feed({ email: 'g.zoumn@example.org' }, { className: 'B' }));
  expect(await dates()).toEqual(nothing);

  deps.clock.advance(DAY_MS);
  const third = deps.clock.now();
  await night(deps, feed({ mobile: '06 39 98 00 02' }, { birthDate: '06/03/2015' }));
  expect(await dates()).toEqual({ ...nothing, mobile_changed_at: third, birth_date_changed_at: third });

  deps.clock.advance(DAY_MS);
  const fourth = deps.clock.now();
  await night(
    deps,
    feed({ mobile: '+33 6 39 98 00 02', familyName: 'Zoumnet' }, { birthDate: '06/03/2015', ine: null }),
  );
  expect(await dates()).toEqual({
    names_changed_at: fourth,
    mobile_changed_at: third,
    ine_changed_at: fourth,
    birth_date_changed_at: third,
  });
});
