import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { importFolder } from '../../src/imports/run.ts';
import { startThread } from '../../src/imports/threads.ts';
import type { FeedFile } from '../../src/imports/types.ts';
import { type AafFeed, guardianRecord, writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';
import { emptyLiveTables, inFolder } from './nights.ts';

/** A large feed is read by threads: nothing may come out otherwise than without them. */
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

const NOBODY = { begun() {}, alive: async () => {}, batch: async () => {} };
const THREADS = { sizes: { threadsFrom: 0 } };

function feedOf(degree: 1 | 2, change = ''): AafFeed {
  const of = (id: number) => `${degree}${String(id).padStart(4, '0')}`;
  const people = Array.from({ length: 1300 }, (_, index) => index);
  return {
    degree,
    mefs: degree === 2 ? [{ code: '10010012110', label: 'SIXIEME' }] : [],
    schools: ['A', 'B'].map((id, index) => ({ id, uai: `03199${degree}${index}A` })),
    guardians: people.map((id) => ({
      id: of(id),
      familyName: id % 200 === 7 ? '' : `D'Œuvre${id % 50}`,
      mobile: '06 39 98 00 01',
    })),
    pupils: people.map((id) => ({
      id: of(id),
      school: id % 150 === 5 ? 'Z' : 'AB'.charAt(id % 2),
      familyName: `Élève\\${id}`,
      givenName: id % 3 === 0 ? `Ana${change}` : 'Bea',
      mef: '10010012110',
      guardians: [{ guardian: of(id) }, { guardian: of((id + 1) % 1300), code: '20' }],
    })),
  };
}

async function outcome(folder: string, options: Partial<typeof THREADS>) {
  const result = await importFolder(deps, folder, options);
  if (!result.ok) throw new Error(JSON.stringify(result));
  const { report: _, ...report } = result.report;
  const people = await database
    .db('pupils as p')
    .join('legal_links as l', 'l.pupil_id', 'p.id')
    .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
    .leftJoin('accounts as a', 'a.id', 'g.account_id')
    .whereNull('l.ended_at')
    .orderBy(['p.degree', 'p.source_id', 'g.source_id'])
    .select('p.source_id', 'p.given_name', 'p.family_name', 'p.mef_label', 'g.mobile', 'a.identifier');
  return { report, people };
}

test('threads and none give the same persons, the same report and the same nights after', async () => {
  await inFolder(async (folder) => {
    for (const [name, change] of [
      ['before', ''],
      ['after', ' bis'],
    ] as const) {
      for (const degree of [1, 2] as const)
        await writeAaf(join(folder, name, String(degree)), feedOf(degree, change));
    }
    const nights = async (options: Partial<typeof THREADS>) => {
      const outcomes: Awaited<ReturnType<typeof outcome>>[] = [];
      for (const name of ['before', 'before', 'after'])
        outcomes.push(await outcome(join(folder, name), options));
      return outcomes;
    };
    const alone = await nights({});
    expect(alone.map(({ report }) => report.refused_total)).toEqual([60, 60, 60]);
    const changed = alone.map(({ report }) =>
      report.schools.reduce((sum, school) => sum + school.changed, 0),
    );
    expect(changed).toEqual([0, 0, expect.any(Number)]);
    expect(changed[2]).toBeGreaterThan(500);
    await emptyLiveTables(database);
    const threaded = await nights(THREADS);
    expect(threaded).toEqual(alone);
  });
}, 60_000);

test('a file that a thread cannot believe refuses the feed, and nothing is left of it', async () => {
  await inFolder(async (folder) => {
    await writeAaf(join(folder, '1'), feedOf(1));
    const names = await writeAaf(join(folder, '2'), feedOf(2));
    const path = join(folder, '2', names.Eleve);
    await writeFile(path, (await readFile(path)).subarray(0, -100));
    const result = await importFolder(deps, folder, THREADS);
    expect(result).toMatchObject({
      ok: false,
      reason: 'refused',
      report: { refused: [{ file: `2/${names.Eleve}`, reason: expect.stringContaining('it is cut off') }] },
    });
  });
  expect(await database.db('staged_pupils').count({ n: '*' })).toEqual([{ n: 0 }]);
  expect(await database.db('pupils').count({ n: '*' })).toEqual([{ n: 0 }]);
});

test('a database that fails while threads read ends the run', async () => {
  await database.db.raw(`CREATE TRIGGER refuse_staged BEFORE INSERT ON staged_guardians FOR EACH ROW
    BEGIN IF NEW.source_id = '20100' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF; END`);
  try {
    await inFolder(async (folder) => {
      await writeAaf(join(folder, '2'), feedOf(2));
      const error = await importFolder(deps, folder, THREADS).catch((thrown: Error) => thrown);
      expect((error as Error).message).toMatch(/^INSERT INTO staged_guardians.* - no$/);
    });
  } finally {
    await database.db.raw('DROP TRIGGER refuse_staged');
  }
  expect(await database.db('import_runs').orderBy('id', 'desc').first()).toMatchObject({ state: 'failed' });
});

test('a run that is stopped while threads read ends as it does without them', async () => {
  await inFolder(async (folder) => {
    await writeAaf(join(folder, '2'), feedOf(2));
    const progress = ({ step, ...of }: { step: string; file?: string }) => {
      if (step === 'read' && of.file?.includes('Eleve_')) throw new Error('it is told to stop');
    };
    const stopped = importFolder(deps, folder, { ...THREADS, progress });
    await expect(stopped).rejects.toThrow('it is told to stop');
  });
  expect(await database.db('import_runs').orderBy('id', 'desc').first()).toMatchObject({ state: 'failed' });
  expect(await database.db('staged_pupils').count({ n: '*' })).toEqual([{ n: 0 }]);
});

test.each([0, Number.POSITIVE_INFINITY])(
  'told to stop amid a file, a run does not read it to its end (threads from %d bytes)',
  async (threadsFrom) => {
    await inFolder(async (folder) => {
      const names = await writeAaf(folder, feedOf(2));
      const stopping = new AbortController();
      const progress = (event: { step: string; file?: string }) => {
        if (event.file === names.Eleve) stopping.abort(new Error('it is told to stop'));
      };
      const options = { sizes: { threadsFrom }, progress, stop: stopping.signal };
      await expect(importFolder(deps, folder, options)).rejects.toThrow('it is told to stop');
    });
    expect(await database.db('pupils').count({ n: '*' })).toEqual([{ n: 0 }]);
    expect(await database.db('staged_guardians').count({ n: '*' })).toEqual([{ n: 0 }]);
  },
);

test('a thread that has ended meanwhile reads nothing, and says so', async () => {
  const thread = startThread({ runId: 1, today: '2026-11-22', extraPrefixes: [] });
  await thread.stop();
  const part = { files: [], known: null, schools: [], labels: new Map() };
  await expect(thread.read(part, NOBODY)).rejects.toThrow('a thread that reads the feed has ended');
});

test('what is said of records that were refused does not keep them in the memory of a thread', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'PersRelEleve.xml');
    const padding = 'A'.repeat(190_000);
    await writeFile(path, '<ficAlimMENESR>');
    for (let id = 0; id < 700; id += 1) {
      const record = guardianRecord(1, { id: `ID-${String(id).padStart(40, '0')}`, familyName: '' });
      await appendFile(
        path,
        record.replace('<attributes>', `$&<attr name="x"><value>${padding}</value></attr>`),
      );
    }
    await appendFile(path, '</ficAlimMENESR>');
    const thread = startThread({ runId: 1, today: '2026-11-22', extraPrefixes: [] });
    try {
      const file = {
        no: 0,
        name: 'x',
        folder,
        path,
        type: 'PersRelEleve',
        degree: 1,
        academyCode: '13',
      } as FeedFile;
      const part = { files: [file], known: null, schools: [], labels: new Map() };
      const read = await thread.read(part, NOBODY);
      expect(read.refusals.total).toBe(700);
    } finally {
      await thread.stop();
    }
  });
});

test.each([0, Number.POSITIVE_INFINITY])(
  'a run that only passes over known records keeps its lease (threads from %d bytes)',
  async (threadsFrom) => {
    const { pupils, guardians, ...rest } = feedOf(2);
    const feed = {
      ...rest,
      pupils: pupils.filter(({ school }) => school !== 'Z'),
      guardians: guardians.map((one) => ({ ...one, familyName: one.familyName || 'Nom' })),
    };
    await inFolder(async (folder) => {
      await writeAaf(folder, feed);
      await importFolder(deps, folder);
      const progress = ({ step }: { step: string }) => step === 'read' && deps.clock.advance(11_000);
      const { statements, stop } = countStatements(database.db);
      await importFolder(deps, folder, { sizes: { threadsFrom }, progress });
      stop();
      const read = statements.slice(
        statements.findIndex((sql) => sql.includes('p.record_digest AS digest')),
        statements.findIndex((sql) => sql.startsWith('INSERT INTO staged_unchanged')),
      );
      expect(statements.filter((sql) => /^INSERT INTO staged_(pupils|guardians)/.test(sql))).toEqual([]);
      expect(read.filter((sql) => sql.startsWith('update `import_runs`')).length).toBeGreaterThan(0);
    });
  },
);
