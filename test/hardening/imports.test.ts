import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pack } from 'tar-stream';
import { importFeed } from '../../src/jobs/import-feed.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { emptyLiveTables, inFolder, liveTables, night } from '../imports/nights.ts';
import { type AafFeed, document, writeAaf } from '../support/aaf.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { countStatements, type TestDeps, testDeps } from '../support/deps.ts';

/** What a night may find in its folder, seen from the job that runs it (I01, I02, I05). */

let database: TestDatabase;
let deps: TestDeps;
const alarms: object[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  deps = testDeps(database);
  const log = Object.create(deps.log) as TestDeps['log'];
  log.error = (line: object) => alarms.push(line);
  deps.log = log;
});
afterAll(() => database.drop());
beforeEach(async () => {
  alarms.length = 0;
  await emptyLiveTables(database);
  for (const table of ['import_feeds', 'job_runs', 'audit_events']) await database.db(table).delete();
});

const PUPILS = 20;
const feedOf = ({ pupils = PUPILS, date = '20261103' } = {}): AafFeed => ({
  degree: 1,
  date,
  schools: [{ id: 'A', uai: '0319900A', name: 'ECOLE A' }],
  pupils: Array.from({ length: pupils }, (_, i) => ({
    id: `1${i}`,
    school: 'A',
    guardians: [{ guardian: `5${i}` }],
  })),
  guardians: Array.from({ length: PUPILS }, (_, i) => ({ id: `5${i}` })),
});

const cut = async (path: string) => writeFile(path, (await readFile(path)).subarray(0, -200));

/** What comes the second night, by the file of pupils of a feed that is as it should be. */
const FAULTY: [what: string, spoil: (folder: string) => Promise<unknown>][] = [
  ['a file that is cut off', async (folder) => cut(join(folder, (await writeAaf(folder, feedOf())).Eleve))],
  [
    'a sum that is not that of the file',
    async (folder) => {
      const { Eleve } = await writeAaf(folder, feedOf());
      await writeFile(join(folder, 'SHA256SUMS'), `${'0'.repeat(64)}  ${Eleve}\n`);
    },
  ],
  [
    'a file with nothing in it',
    async (folder) => writeFile(join(folder, (await writeAaf(folder, feedOf())).Eleve), ''),
  ],
  [
    'a file with a header only',
    async (folder) => {
      const { Eleve } = await writeAaf(folder, feedOf());
      await writeFile(join(folder, Eleve), document(feedOf(), []));
    },
  ],
  ['no file at all', async () => {}],
  ['the files of the day before', (folder) => writeAaf(folder, feedOf({ date: '20261102' }))],
  ['40 % fewer pupils', (folder) => writeAaf(folder, feedOf({ pupils: PUPILS * 0.6 }))],
  [
    'a file of pupils that is bigger than any',
    async (folder) => truncate(join(folder, (await writeAaf(folder, feedOf())).Eleve), 5 * 2 ** 30),
  ],
];

test.each(FAULTY)(
  'I01 I05: %s: refused before anything is written, an alarm, and all as the day before',
  async (_what, spoil) => {
    await night(deps, feedOf());
    const before = await liveTables(database);
    await inFolder(async (folder) => {
      await spoil(folder);
      const turn = { ...deps, config: { ...deps.config, IMPORT_FOLDER: folder } };
      const job = {
        name: 'import',
        alone: true,
        run: ({ signal }: { signal: AbortSignal }) => importFeed(turn, { signal }),
      };
      const counted = countStatements(database.db);
      const ran = await runJob(deps, job as never, { dueAt: null, stop: new AbortController().signal });
      counted.stop();
      expect(ran).toMatchObject({ ran: true, result: { outcome: 'refused' } });
      const writes = counted.statements.filter((sql) => !/^\(?\s*select/i.test(sql));
      expect(
        writes.filter((sql) => !/import_runs|staged_|staging|job_runs|leases|audit_events/.test(sql)),
      ).toEqual([]);
    });
    expect(alarms).toMatchObject([{ job: 'import', outcome: 'refused' }]);
    const lines = await database.db('audit_events').where({ outcome: 'refused' });
    expect(lines).toMatchObject([{ event: 'import', actor_kind: 'system' }]);
    expect(await liveTables(database)).toEqual(before);
  },
);

test('I02: two guardians with one mobile are both imported, with it', async () => {
  const mobile = '06 39 98 00 01';
  const feed = feedOf({ pupils: 1 });
  const pupils = [{ id: '10', school: 'A', guardians: [{ guardian: '50' }, { guardian: '51', code: '20' }] }];
  const guardians = ['50', '51'].map((id) => ({ id, mobile }));
  expect(await night(deps, { ...feed, pupils, guardians })).toMatchObject({ refused_total: 0 });
  expect(await database.db('guardian_references').pluck('mobile')).toEqual(['+33639980001', '+33639980001']);
  expect(await database.db('accounts').where({ kind: 'guardian' })).toHaveLength(2);
});

test('I02: a record of another encoding than the file says is refused with the file, and nothing is guessed', async () => {
  await night(deps, feedOf());
  const before = await liveTables(database);
  await inFolder(async (folder) => {
    const { Eleve } = await writeAaf(folder, feedOf());
    await appendFile(join(folder, Eleve), Buffer.from([0xe9, 0xff]));
    const result = await importFeed(
      { ...deps, config: { ...deps.config, IMPORT_FOLDER: folder } },
      { signal: new AbortController().signal },
    );
    expect(result.outcome).toBe('refused');
  });
  expect(await liveTables(database)).toEqual(before);
});

test('J08: no room on the disk for what an archive holds: said so, nothing is written, and nothing of it is left', async () => {
  await night(deps, feedOf());
  const before = await liveTables(database);
  await inFolder(async (folder) => {
    const [inside, from, temporary] = ['inside', 'from', 'tmp'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [from, temporary]) await mkdir(path);
    // Longer than the 32 kB that the process may write into a file.
    const guardians = Array.from({ length: 400 }, (_, i) => ({ id: `5${i}` }));
    const names = Object.values(await writeAaf(inside, { ...feedOf(), guardians }));
    const tar = pack();
    for (const name of names) tar.entry({ name }, await readFile(join(inside, name), 'utf8'));
    tar.finalize();
    await pipeline(Readable.from(tar), createGzip(), createWriteStream(join(from, 'ENT1D.tgz')));
    const { config } = deps;
    const env = {
      PATH: process.env.PATH,
      TMPDIR: temporary,
      TSX_DISABLE_CACHE: '1',
      NODE_ENV: 'test',
      ALLOW_INSECURE_ISSUER: '1',
      BASE_URL: config.BASE_URL,
      DATABASE_URL: database.url,
      SMTP_URL: config.SMTP_URL,
      COOKIE_KEYS: config.COOKIE_KEYS.join(','),
      SEALING_KEYS: config.SEALING_KEYS.join(','),
      SUBJECT_SALT: config.SUBJECT_SALT,
    };
    const command = `ulimit -f 64; exec ${process.execPath} --import tsx src/cli.ts import '${from}'`;
    const child = spawn('sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
      });
    const [code] = await once(child, 'close');
    expect({ code, said: /EFBIG/.test(said) ? 'EFBIG' : said }).toEqual({
      code: 1,
      said: 'EFBIG',
    });
    expect(await readdir(temporary)).toEqual([]);
  });
  expect(await liveTables(database)).toEqual(before);
});
