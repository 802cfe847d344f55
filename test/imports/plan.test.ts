import { expect, test } from '@jest/globals';
import { isEmptyPlan, planSchool } from '../../src/imports/plan.ts';
import type { SchoolState, StagedGuardian, StagedPupil } from '../../src/imports/school-state.ts';
import { UNREADABLE } from '../../src/imports/types.ts';

const pupil = (sourceId: string, more: Partial<StagedPupil> = {}): StagedPupil => ({
  sourceId,
  fileNo: 0,
  digest: `p${sourceId}`,
  linksDigest: 'l',
  hasIne: true,
  classCode: 'A',
  classLabel: 'Classe A',
  givenName: 'Ana',
  familyName: 'Un',
  publicId: `public-${sourceId}`,
  guardians: [['51', '10']],
  ...more,
});
const guardian = (sourceId: string, more: Partial<StagedGuardian> = {}): [string, StagedGuardian] => [
  sourceId,
  {
    sourceId,
    digest: `g${sourceId}`,
    givenName: 'Zoé',
    familyName: 'Un',
    publicId: `public-g${sourceId}`,
    refused: false,
    planned: 0,
    ...more,
  },
];
const state = (more: Partial<SchoolState> = {}): SchoolState => ({
  degree: 1,
  stagedDigest: 's',
  school: { id: 7, digest: 's' },
  pupils: [pupil('1')],
  spoken: true,
  changedGuardians: [],
  deletedLinks: [],
  guardians: new Map([guardian('51')]),
  currentPupils: new Map(),
  currentGuardians: new Map(),
  currentLinks: [],
  currentClasses: new Map([['A', 'Classe A']]),
  elsewhere: new Set(),
  ...more,
});
test('a guardian who cannot be read ends no link that is known: he may be the one who is missing', () => {
  const known = {
    currentPupils: new Map([['1', { ...person(5, '1', 'p1'), schoolId: 7, linksDigest: 'before' }]]),
    currentGuardians: new Map([
      ['51', person(6, '51', 'g51')],
      ['52', person(8, '52', 'g52')],
    ]),
    currentLinks: ['51', '52'].map((guardianSourceId, index) => ({
      pupilId: 5,
      guardianId: index === 0 ? 6 : 8,
      guardianSourceId,
      code: '10',
      ended: false,
    })),
  };
  const named = planSchool(state(known));
  expect(named.endLinks).toEqual([{ guardianId: 8, pupilId: 5 }]);
  const unread = planSchool(
    state({
      ...known,
      pupils: [
        pupil('1', {
          guardians: [
            ['51', '10'],
            [UNREADABLE, '0'],
          ],
        }),
      ],
    }),
  );
  expect(unread.endLinks).toEqual([]);
});

const person = (id: number, sourceId: string, digest: string, more = {}) => ({
  id,
  sourceId,
  digest,
  accountId: null,
  left: false,
  givenName: 'Ana',
  familyName: 'Un',
  ...more,
});
const known: Partial<SchoolState> = {
  currentPupils: new Map([['1', { ...person(11, '1', 'p1'), schoolId: 7, linksDigest: 'l' }]]),
  currentGuardians: new Map([['51', person(21, '51', 'g51', { accountId: 31, givenName: 'Zoé' })]]),
  currentLinks: [{ pupilId: 11, guardianId: 21, guardianSourceId: '51', code: '10', ended: false }],
};

test('a new school is written whole', () => {
  const plan = planSchool(state({ school: null, currentClasses: new Map() }));
  expect(plan).toMatchObject({
    writeSchool: true,
    classes: [{ code: 'A', label: 'Classe A' }],
    pupils: ['1'],
    guardians: ['51'],
    accounts: [{ kind: 'guardian', sourceId: '51', publicId: 'public-g51' }],
    openLinks: [{ guardian: '51', pupil: '1', code: '10' }],
    left: [],
    endLinks: [],
    counts: { arrived: 1, moved: 0, changed: 0 },
  });
});

test('what is as it should be gives an empty plan', () => {
  const plan = planSchool(state(known));
  expect(isEmptyPlan(plan)).toBe(true);
});

test('a guardian counted for another school in a rehearsal is not counted twice', () => {
  for (const [planned, accounts, guardians] of [
    [1, 1, 1],
    [2, 0, 0],
  ] as const) {
    const plan = planSchool(state({ guardians: new Map([guardian('51', { planned })]) }));
    expect([plan.accounts.length, plan.guardians.length]).toEqual([accounts, guardians]);
  }
});

test('a guardian who has an account keeps it; one without gets it when a child qualifies', () => {
  const currentGuardians = new Map([['51', person(21, '51', 'g51', { givenName: 'Zoé' })]]);
  expect(planSchool(state({ ...known, currentGuardians })).accounts).toHaveLength(1);
  for (const lacking of [{ hasIne: false }, { classCode: null, classLabel: null }]) {
    const pupils = [pupil('1', lacking)];
    expect(planSchool(state({ ...known, currentGuardians, pupils })).accounts).toEqual([]);
    expect(planSchool(state({ ...known, pupils })).endLinks).toEqual([]);
  }
});

test('who is missing leaves, unless he is elsewhere in the feed or the feed has no pupil of the school', () => {
  const more = { ...known, pupils: [pupil('2')] };
  expect(planSchool(state(more)).left).toEqual([11]);
  expect(planSchool(state({ ...more, elsewhere: new Set(['1']) })).left).toEqual([]);
  expect(planSchool(state({ ...more, spoken: false })).left).toEqual([]);
});

test('the links are those of the record: one more, one less, one with another code, one that comes back', () => {
  const pupils = [pupil('1', { guardians: [['52', '20']] })];
  const guardians = new Map([guardian('51'), guardian('52')]);
  const plan = planSchool(state({ ...known, pupils, guardians }));
  expect(plan.openLinks).toEqual([{ guardian: '52', pupil: '1', code: '20' }]);
  expect(plan.endLinks).toEqual([{ guardianId: 21, pupilId: 11 }]);
  const recoded = planSchool(state({ ...known, pupils: [pupil('1', { guardians: [['51', '50']] })] }));
  expect([recoded.openLinks, recoded.endLinks]).toEqual([[{ guardian: '51', pupil: '1', code: '50' }], []]);
  const currentLinks = (known.currentLinks ?? []).map((link) => ({ ...link, ended: true }));
  expect(planSchool(state({ ...known, currentLinks })).openLinks).toHaveLength(1);
});

test('a guardian without a usable record keeps what he has, and is reported when nothing is known of him', () => {
  for (const guardians of [new Map(), new Map([guardian('51', { refused: true, publicId: null })])]) {
    expect(isEmptyPlan(planSchool(state({ ...known, guardians })))).toBe(true);
    const unknown = planSchool(state({ guardians }));
    expect(unknown.refused).toEqual([
      { fileNo: 0, record: '1', reason: expect.stringContaining('the guardian 51') },
    ]);
    expect([unknown.openLinks, unknown.accounts]).toEqual([[], []]);
  }
});
