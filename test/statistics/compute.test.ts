import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { computeAll, computeSchools } from '../../src/statistics/compute.ts';
import { readStatistics } from '../../src/statistics/read.ts';
import { keepSnapshots, type School } from '../../src/statistics/store.ts';
import { statisticsTables, totalsNote } from '../../src/statistics/tables.ts';
import { byState, type Group, type SchoolCounts } from '../../src/statistics/types.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, createTestClock } from '../support/deps.ts';
import { insertGuide } from './guide.ts';
import { type Child, insertFamilies, insertSchool } from './schools.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const now = new Date('2026-11-22T08:33:39.120Z');
const four = (counts: Group['counts']) => Object.values(byState(counts)).join(' ');
const groups = (list: readonly Group[]) =>
  Object.fromEntries(list.map(({ label, counts }) => [label, four(counts)]));

async function computed(school: School, at = now): Promise<SchoolCounts> {
  await computeSchools(database.db, [school], at);
  const statistics = await readStatistics(database.db, school.id, at);
  if (statistics === null) throw new Error('nothing was kept');
  return statistics.counts;
}

test("the guide's tables come out as R-165 corrects them, to the letter", async () => {
  const school = await insertGuide(database);
  const counts = await computed(school);
  expect([counts.inSchool, counts.covered]).toEqual([315, 4]);
  expect(totalsNote(counts)).toContain('(238 pour la structure, 313 par classe, 311 par niveau)');
  const [structure, classes, levels, origins] = statisticsTables(counts);
  expect([structure?.title, structure?.rows[0]?.cells.join('|')]).toEqual([
    'Synthèse des comptes responsables de la structure',
    '238|230|5|1|2|0,84 %|1,27 %',
  ]);
  const lines = (table: typeof classes) =>
    [...(table?.rows ?? []), ...(table?.total ? [table.total] : [])].map(({ cells }) => cells.join('|'));
  expect(lines(classes)).toEqual([
    'CE1/2|25|25|0|0|0|0 %',
    'CE1D|28|27|1|0|0|0 %',
    'CE2B|30|28|2|0|0|0 %',
    'CM1|28|25|2|1|0|0 %',
    'CM1/2 D|25|25|0|0|0|0 %',
    'CM2B|28|27|0|1|0|0 %',
    'CPB|22|20|0|0|2|9,09 %',
    'CPP|23|23|0|0|0|0 %',
    'GS|28|28|0|0|0|0 %',
    'MSGS|25|24|0|0|1|4 %',
    'PS|27|25|1|0|1|3,7 %',
    'PSMS|24|24|0|0|0|0 %',
    'Total|313|301|6|2|4|1,28 %',
  ]);
  expect(lines(levels)).toEqual([
    'PS|37|35|1|0|1|2,7 %',
    'MS|31|30|0|0|1|3,23 %',
    'GS|30|30|0|0|0|0 %',
    'CP|45|43|0|0|2|4,44 %',
    'CE1|44|43|1|0|0|0 %',
    'CE2|38|36|2|0|0|0 %',
    'CM1|45|42|2|1|0|0 %',
    'CM2|41|40|0|1|0|0 %',
    'Total|311|299|6|2|4|1,29 %',
  ]);
  expect(lines(origins)).toEqual([
    'Établissement|8|0|5|1|2|25 %',
    'Non renseigné|230|230|0|0|0|0 %',
    'Total|238|230|5|1|2|0,84 %',
  ]);
});

describe('who counts', () => {
  test('once in the school and once in each class, level and school where there is a child', async () => {
    const [here, there] = [
      await insertSchool(database, { degree: 1 }),
      await insertSchool(database, { degree: 1 }),
    ];
    const child = (level: string, where: string, school = here): Child => ({ school, class: where, level });
    await insertFamilies(database, [
      { parents: [{ state: 'activated' }], children: [child('CP', 'A'), child('CE1', 'B')] },
      // Twins in one class, and a couple.
      { parents: [{ state: 'notified' }, {}], children: [child('CP', 'A'), child('CP', 'A')] },
      { parents: [{ state: 'activating' }], children: [child('CP', 'A'), child('CM1', 'M', there)] },
    ]);
    const counts = await computed(here);
    const { structure, classes, levels } = counts.guardians;
    expect([four(structure), counts.inSchool, counts.covered]).toEqual(['1 1 1 1', 5, 2]);
    expect(groups(classes)).toEqual({ A: '1 1 1 1', B: '0 0 0 1' });
    expect(groups(levels)).toEqual({ CP: '1 1 1 1', CE1: '0 0 0 1' });
    expect(four((await computed(there)).guardians.structure)).toBe('0 0 1 0');
  });

  test('a regrouped account counts once, the one that was merged into it not at all (R-077, R-182)', async () => {
    const school = await insertSchool(database, { degree: 1 });
    const child: Child = { school, class: 'A', level: 'CP' };
    const [family] = await insertFamilies(database, [
      { parents: [{ state: 'activated', origin: 'guardian' }], children: [child] },
    ]);
    await insertFamilies(database, [
      { parents: [{ accountId: family?.accountIds[0] as number }], children: [child] },
      { parents: [{ state: 'notified', closedAt: now }], children: [child] },
    ]);
    const counts = await computed(school);
    expect(counts.guardians.structure).toEqual({ guardian: { activated: 1 } });
    expect(groups(counts.guardians.classes)).toEqual({ A: '0 0 0 1' });
    expect([counts.inSchool, counts.covered]).toEqual([3, 2]);
  });

  test('pupils without INE, without class in the first degree, or gone do not (R-005)', async () => {
    const school = await insertSchool(database, { degree: 1 });
    const parents = [{ state: 'activated' as const }];
    await insertFamilies(database, [
      { parents, children: [{ school, class: 'A', level: 'CP', ine: null }] },
      { parents, children: [{ school, class: null, level: 'CP' }] },
      { parents, children: [{ school, class: 'A', level: 'CP', leftAt: now }] },
      { parents: [], children: [{ school, class: 'A', level: 'CP' }] },
    ]);
    const counts = await computed(school);
    expect(counts).toMatchObject({ inSchool: 1, covered: 0, guardians: { structure: {}, classes: [] } });
  });

  test('nor do children whom a guardian says not to be his, until the school has closed it; nor ended links', async () => {
    const school = await insertSchool(database, { degree: 1 });
    const children: Child[] = ['A', 'B', 'C'].map((name) => ({ school, class: name, level: 'CP' }));
    const [family] = await insertFamilies(database, [{ parents: [{ state: 'activated' }], children }]);
    const [reference, [first, second]] = [family?.referenceIds[0], family?.pupilIds ?? []];
    const link = { guardian_reference_id: reference, pupil_id: first };
    await database.db('wrong_attachments').insert({ ...link, state: 'open', reported_at: now });
    await database
      .db('legal_links')
      .where({ ...link, pupil_id: second })
      .update({ ended_at: now });
    const counts = await computed(school);
    expect([groups(counts.guardians.classes), counts.inSchool, counts.covered]).toEqual([
      { C: '0 0 0 1' },
      3,
      1,
    ]);
    await database.db('wrong_attachments').where(link).update({ state: 'closed', closed_at: now });
    expect(groups((await computed(school)).guardians.classes)).toEqual({ A: '0 0 0 1', C: '0 0 0 1' });
  });

  test('a pupil who moves takes his guardian with him', async () => {
    const [from, to] = [
      await insertSchool(database, { degree: 1 }),
      await insertSchool(database, { degree: 1 }),
    ];
    const [family] = await insertFamilies(database, [
      { parents: [{ state: 'activated' }], children: [{ school: from, class: 'A', level: 'CP' }] },
      { parents: [{}], children: [{ school: to, class: 'B', level: 'CE1' }] },
    ]);
    expect((await computed(from)).covered).toBe(1);
    const [neighbour] = await database.db('pupils').where({ school_id: to.id });
    await database
      .db('pupils')
      .whereIn('id', family?.pupilIds ?? [])
      .update({ school_id: to.id, class_id: neighbour.class_id, level_label: 'CE1' });
    expect(await computed(from)).toMatchObject({ inSchool: 0, covered: 0, guardians: { structure: {} } });
    const counts = await computed(to);
    expect([groups(counts.guardians.levels), counts.covered]).toEqual([{ CE1: '1 0 0 1' }, 1]);
  });
});

test('the second degree: by MEF and origin, pupils without a class, accounts of pupils (R-006, R-168)', async () => {
  const school = await insertSchool(database, { degree: 2 });
  const child = (where: string | null, mef: string | null, account?: Child['account']): Child => ({
    school,
    class: where,
    mef,
    ...(account ? { account } : {}),
  });
  await insertFamilies(database, [
    {
      parents: [{ state: 'activated', origin: 'franceconnect' }],
      children: [child('3E1', '3EME', 'activated'), child('6E1', '6EME BILANGUE', 'notified')],
    },
    { parents: [{ state: 'notified' }], children: [child('3E1', '3EME', 'not_notified')] },
    { parents: [{}], children: [child(null, null)] },
  ]);
  const counts = await computed(school);
  expect([counts.inSchool, counts.covered]).toEqual([4, 2]);
  const [structure, mefs, classes, origins, ...more] = statisticsTables(counts);
  expect([structure?.rows[0]?.cells.join('|'), more]).toEqual(['3|1|1|0|1|33,33 %|50 %', []]);
  expect(mefs?.columns.slice(0, 2)).toEqual(['MEF', 'Origine de Compte']);
  expect(
    mefs?.rows.map(({ cells, details }) => [cells, ...details.map((row) => row.cells)].map(String)),
  ).toEqual([
    ['3EME,,2,0,1,0,1', '3EME,Établissement,1,0,1,0,0', '3EME,FranceConnect,1,0,0,0,1'],
    ['6EME BILANGUE,,1,0,0,0,1', '6EME BILANGUE,FranceConnect,1,0,0,0,1'],
    ['Non renseigné,,1,1,0,0,0', 'Non renseigné,Non renseignée,1,1,0,0,0'],
  ]);
  expect(classes?.rows.map((row) => row.cells[0])).toEqual(['3E1', '6E1', 'Non renseigné']);
  expect(origins?.rows.map((row) => row.cells[0])).toEqual([
    'Établissement',
    'FranceConnect',
    'Non renseignée',
  ]);
  const [pupils] = statisticsTables(counts, 'pupils');
  expect([pupils?.title, pupils?.rows[0]?.cells.join('|')]).toEqual([
    'Synthèse des comptes élèves de la structure',
    '3|1|1|0|1|33,33 %',
  ]);
});

test('a school without anybody has zeros and « 0 % » (R-167)', async () => {
  const counts = await computed(await insertSchool(database, { degree: 1 }));
  const [structure, classes] = statisticsTables(counts);
  expect(structure?.rows[0]?.cells.join('|')).toBe('0|0|0|0|0|0 %|0 %');
  expect([classes?.rows, classes?.total?.cells.join('|')]).toEqual([[], 'Total|0|0|0|0|0|0 %']);
});

test('the last computation of a week stands for it, and an older one changes nothing', async () => {
  const school = await insertSchool(database, { degree: 1 });
  const child: Child = { school, class: "L'\\été", level: 'CP' };
  const [family] = await insertFamilies(database, [{ parents: [{}], children: [child] }]);
  const read = async () => {
    const statistics = await readStatistics(database.db, school.id, now);
    return statistics?.weeks.map(({ week, guardians }) => [week, Object.values(guardians).join(' ')]);
  };
  expect(await read()).toBeUndefined();
  // Monday, half past midnight in Paris: still Sunday in UTC.
  await computed(school, new Date('2026-11-15T23:30:00Z'));
  await computed(school, new Date('2026-11-16T05:00:00Z'));
  await database
    .db('accounts')
    .whereIn('id', family?.accountIds ?? [])
    .update({ state: 'activated', origin: 'guardian', activated_at: now });
  const counts = await computed(school, now);
  expect(await read()).toEqual([['2026-11-16', '0 0 0 1']]);
  expect(groups(counts.guardians.classes)).toEqual({ "L'\\été": '0 0 0 1' });
  const old = { ...counts, covered: 0, guardians: { ...counts.guardians, structure: {} } };
  const late = { week: '2026-11-16', computedAt: new Date(now.getTime() - 1) };
  await keepSnapshots(database.db, [{ schoolId: school.id, counts: old }], late);
  expect(await readStatistics(database.db, school.id, now)).toMatchObject({
    computedAt: now,
    counts: { covered: 1 },
    first: '2026-08-31',
    last: '2026-11-16',
  });
  expect(await read()).toEqual([['2026-11-16', '0 0 0 1']]);
});

describe('all schools', () => {
  let own: TestDatabase;
  const schools: School[] = [];
  beforeAll(async () => {
    own = await createTestDatabase();
    for (let index = 0; index < 7; index += 1)
      schools.push(await insertSchool(own, { degree: index === 3 ? 2 : 1 }));
    const families = schools.flatMap((school) =>
      Array.from({ length: 40 }, (_, index) => ({
        parents: [{}, {}],
        children: [
          { school, class: `C${index % 8}`, level: `N${index % 5}`, mef: school.degree === 2 ? 'M' : null },
        ],
      })),
    );
    await insertFamilies(own, families);
  });
  afterAll(() => own.drop());

  test('are computed in batches, statements bounded by batches, and weeks of earlier years are forgotten', async () => {
    const clock = createTestClock(now);
    const old = (week: string) => ({
      ...Object.fromEntries(
        ['guardians', 'pupils'].flatMap((of) =>
          ['not_notified', 'notified', 'activating', 'activated'].map((state) => [`${of}_${state}`, 0]),
        ),
      ),
      school_id: schools[0]?.id,
      week,
      computed_at: now,
    });
    await own.db('statistics_weeks').insert(['2025-09-01', '2026-08-24', '2026-08-31'].map(old));
    const deps = { jobsDb: own.db, clock };
    const counted = countStatements(own.db);
    expect(await computeAll(deps, { batch: 3 })).toEqual({ schools: 7, weeksForgotten: 2 });
    counted.stop();
    // A batch: its schools, three counts, two writes. One has pupils' accounts; then no more schools, and the weeks.
    expect(counted.statements).toHaveLength(3 * 6 + 1 + 1 + 1);
    expect(
      await own.db('statistics_weeks').where({ school_id: schools[0]?.id }).orderBy('week').pluck('week'),
    ).toEqual(['2026-08-31', '2026-11-16']);
    for (const school of schools) {
      const statistics = await readStatistics(own.db, school.id, now);
      expect(four(statistics?.counts.guardians.structure ?? {})).toBe('80 0 0 0');
    }
  });

  test('one school takes the same few statements whatever its size, and reading them two', async () => {
    const counted = countStatements(own.db);
    await computeSchools(own.db, [schools[0] as School], now);
    expect(counted.statements).toHaveLength(5);
    await readStatistics(own.db, schools[0]?.id as number, now);
    counted.stop();
    expect([counted.statements.length, counted.commits()]).toEqual([7, 1]);
  });

  test('an order to stop ends it between two batches', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopping'));
    const deps = { jobsDb: own.db, clock: createTestClock(now) };
    await expect(computeAll(deps, { signal: stop.signal })).rejects.toThrow('stopping');
  });
});
