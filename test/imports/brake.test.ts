import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { lossFindings } from '../../src/imports/brake.ts';
import { importCommand } from '../../src/imports/cli.ts';
import { importFolder } from '../../src/imports/run.ts';
import { type AafFeed, aafDelete, writeAaf, writeDelta } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder, liveTables, night } from './nights.ts';

let database: TestDatabase;
let deps: TestDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyLiveTables(database);
  await database.db('import_feeds').delete();
});

/** Two schools of 20 pupils, each pupil with a mother and a father. */
function feedOf({ inA = 20, fathersInB = 20, date = '20261103' } = {}): AafFeed {
  const pupils = ['A', 'B'].flatMap((school, s) =>
    Array.from({ length: school === 'A' ? inA : 20 }, (_, i) => ({
      id: `${s + 1}${String(i).padStart(3, '0')}`,
      school,
      guardians: [
        { guardian: `5${s}${i}` },
        ...(s === 1 && i >= fathersInB ? [] : [{ guardian: `7${s}${i}`, code: '20' }]),
      ],
    })),
  );
  const ids = [5, 7].flatMap((kind) =>
    [0, 1].flatMap((s) => Array.from({ length: 20 }, (_, i) => `${kind}${s}${i}`)),
  );
  const schools = ['A', 'B'].map((id, i) => ({ id, uai: `031990${i}A`, name: `ECOLE ${id}` }));
  return { degree: 1, date, schools, pupils, guardians: ids.map((id) => ({ id })) };
}

test('a feed with 40 % fewer pupils of a school is refused before anything is written, and says what it saw (I01)', async () => {
  await night(deps, feedOf());
  const before = await liveTables(database);
  await inFolder(async (folder) => {
    await writeAaf(folder, feedOf({ inA: 12 }));
    const counted = countStatements(database.db);
    for (const dryRun of [true, false]) {
      const result = await importFolder(deps, folder, { dryRun });
      expect(result).toMatchObject({
        ok: false,
        reason: 'refused',
        report: {
          error: 'the brake: 0319900A ECOLE A: 8 of 20 pupils would be removed, more than 35 %',
          brake: [{ kind: 'pupils', of: '0319900A ECOLE A', before: 20, after: 12 }],
        },
      });
    }
    counted.stop();
    const writes = counted.statements.filter((sql) => !/^select/i.test(sql));
    expect(writes.filter((sql) => !/import_runs|audit_events|staged_/.test(sql))).toEqual([]);
  });
  expect(await liveTables(database)).toEqual(before);
});

test('a third of a school may leave, as each summer', async () => {
  await night(deps, feedOf());
  expect((await night(deps, feedOf({ inA: 13 }))).schools[0]).toMatchObject({ pupils: 13, left: 7 });
});

test('a feed that takes the guardians away is refused', async () => {
  await night(deps, feedOf());
  await expect(night(deps, feedOf({ fathersInB: 4 }))).rejects.toThrow(
    '16 of 40 links to guardians would be removed, more than 35 %',
  );
  expect(await database.db('legal_links').whereNotNull('ended_at').select()).toEqual([]);
});

test('the shares of all schools together count, too', () => {
  const limits = { IMPORT_BRAKE_SCHOOL_PERCENT: 35, IMPORT_BRAKE_NATION_PERCENT: 5 };
  const school = { uai: '0319900A', name: 'X', before: 1000, lost: 51 };
  expect(lossFindings('pupils', [school], 1000, limits)).toMatchObject([
    {
      of: 'all schools',
      before: 1000,
      after: 949,
      reason: '51 of 1000 pupils would be removed in all, more than 5 %',
    },
  ]);
  expect(lossFindings('pupils', [{ ...school, lost: 50 }], 1000, limits)).toEqual([]);
  expect(lossFindings('pupils', [{ ...school, before: 10, lost: 9 }], 100, limits)).toEqual([]);
});

test('--accept releases one refused run, once, for the same files only', async () => {
  await night(deps, feedOf());
  const io = { out: () => {}, err: (line: string) => said.push(line) };
  const said: string[] = [];
  await inFolder(async (folder) => {
    await writeAaf(join(folder, 'a'), feedOf({ inA: 10 }));
    await writeAaf(join(folder, 'b'), feedOf({ inA: 9 }));
    const refused = await importFolder(deps, join(folder, 'a'));
    const { report } = refused.ok || refused.reason === 'running' ? { report: null } : refused.report;
    expect(await importCommand(deps, [join(folder, 'b'), '--accept', String(report)], io)).toBe(1);
    expect(said.join('\n')).toContain(`these are not the files that report ${report} was about`);
    expect(await importCommand(deps, ['--accept', String(report)], io)).toBe(0);
    expect(await database.db('pupils').whereNull('left_at').count({ n: '*' })).toEqual([{ n: 30 }]);
    expect(await importCommand(deps, ['--accept', String(report)], io)).toBe(1);
    expect(said.join('\n')).toContain(`report ${report} has been released`);
    for (const wrong of ['999999', 'x']) {
      expect(await importCommand(deps, ['--accept', wrong], io)).toBe(1);
      expect(said.at(-1)).toContain(`there is no report ${wrong}`);
    }
  });
});

test('a file older than the last one taken is refused; the same day may come again', async () => {
  await night(deps, feedOf());
  await night(deps, feedOf());
  await expect(night(deps, feedOf({ date: '20261102' }))).rejects.toThrow(
    '13, 1D: the files of 2026-11-02 are older than those taken last, of 2026-11-03',
  );
  await night(deps, { ...feedOf({ date: '20261102' }), academy: '14', schools: [], pupils: [] }).catch(
    (error) => expect(String(error)).not.toContain('older'),
  );
  await night(deps, feedOf({ date: '20261104' }));
  await expect(night(deps, feedOf())).rejects.toThrow('are older than those taken last, of 2026-11-04');
});

test('counts that contradict a manifest or the header, and sums that are not those of the files, are refused', async () => {
  await inFolder(async (folder) => {
    const names = await writeAaf(folder, feedOf());
    const pupils = join(folder, names.Eleve);
    const sum = createHash('sha256')
      .update(await readFile(pupils))
      .digest('hex');
    await writeFile(join(folder, 'SHA256SUMS'), `${sum}  ${names.Eleve}\n`);
    await writeFile(
      join(folder, 'manifest.csv'),
      `fichier;enregistrements\r\n${names.Eleve};41\r\n${names.EtabEducNat};2\r\n`,
    );
    expect(await importFolder(deps, folder)).toMatchObject({
      report: { brake: [{ kind: 'records', of: names.Eleve, before: 41, after: 40 }] },
    });
    await writeFile(join(folder, 'manifest.csv'), `${names.Eleve};40\nENT_absent.xml;1\n`);
    expect(await importFolder(deps, folder)).toMatchObject({
      report: { error: 'manifest.csv: ENT_absent.xml is announced and not there' },
    });
    await writeFile(join(folder, 'manifest.csv'), `${names.Eleve};40\n`);
    const text = await readFile(pupils, 'utf8');
    await writeFile(pupils, text.replace('degre="1D"', 'degre="1D" nbEnregistrements="39"'));
    expect(await importFolder(deps, folder)).toMatchObject({
      report: { error: `${names.Eleve}: its contents are not those of its SHA-256 sum` },
    });
    await writeFile(join(folder, 'SHA256SUMS'), '');
    await writeFile(join(folder, 'manifest.csv'), '');
    expect(await importFolder(deps, folder)).toMatchObject({
      report: { brake: [{ kind: 'records', of: names.Eleve, before: 39, after: 40 }] },
    });
  });
  expect(await database.db('pupils').select()).toEqual([]);
});

test('a file of changes that deletes half a school is refused', async () => {
  await night(deps, feedOf());
  await inFolder(async (folder) => {
    const gone = Array.from({ length: 10 }, (_, i) => aafDelete('Eleve', `1${String(i).padStart(3, '0')}`));
    await writeDelta(folder, { degree: 1 }, { Eleve: gone });
    expect(await importFolder(deps, folder)).toMatchObject({
      report: { brake: [{ kind: 'pupils', of: '0319900A ECOLE A', before: 20, after: 10 }] },
    });
  });
});

test('each school says pupils, guardians, accounts, arrivals, mobiles and addresses changed, refused', async () => {
  const feed = feedOf();
  const first = await night(deps, feed);
  expect(first.schools[0]).toMatchObject({
    pupils: 20,
    guardians: 40,
    accounts_created: 40,
    arrived: 20,
    refused: 0,
  });
  const guardians = feed.guardians.map((one, i) =>
    i < 3 ? { ...one, mobile: '+33 6 39 98 00 01', email: 'a@example.org', address: '9 rue Neuve$$$' } : one,
  );
  const [pupil, ...others] = feed.pupils;
  const later = {
    ...feed,
    guardians,
    pupils: [{ ...pupil, id: '1000', school: 'A', birthDate: '31/02/2015' }, ...others],
  };
  const [school, other] = (await night(deps, later)).schools;
  expect(school).toMatchObject({
    pupils: 19,
    mobiles_changed: 3,
    emails_changed: 3,
    addresses_changed: 3,
    refused: 1,
  });
  expect(other).toMatchObject({ pupils: 20, guardians: 40, mobiles_changed: 0, refused: 0 });
});
