/**
 * The pages of the directors' module in a nation: every GET route of it, for a school of 1,500 guardians, and once more
 * for one of 300, whose pages must take as many statements. A route that is new is visited as it comes; the list is
 * visited with each filter, each order, and on its last page.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN_ROUTES } from '../src/admin/route-table.ts';
import { sealProvisional } from '../src/credentials/provisional.ts';
import { createSealer } from '../src/crypto/sealing.ts';
import { runCommand } from './commands.ts';
import { startCounter } from './count-statements.ts';
import type { BenchDatabase } from './database.ts';
import { cpuSeconds } from './machine.ts';
import { LARGE, openNation } from './nation.ts';
import { buildProgram } from './program.ts';
import { environment, startOurs } from './servers.ts';
import { signInStaff } from './staff.ts';
import { percentile, table } from './table.ts';
import { send } from './visitor.ts';

/** Most that the slowest page but one in twenty may take (security.md 0.4). */
const LIMIT_MS = 100;
const WARM_UP = 3;
/** An ordinary collège of the nation. */
const SMALL = 4;

export type PagesSettings = { folder: string; kept: string; port: number; accounts: number; visits: number };
export type PageSample = {
  page: string;
  status: number;
  kilobytes: number;
  durations: number[];
  /** Of server and database together, milliseconds a visit. */
  cpu: number;
  /** For the large school, and for the small one. */
  statements: [number, number];
};

type Visit = {
  origin: string;
  cookie: string;
  database: BenchDatabase;
  pid: number;
  /** Statements of one visit. */
  count(path: string): Promise<number>;
};

export async function measurePages(
  { folder, kept, port, accounts, visits }: PagesSettings,
  say: (line: string) => void,
): Promise<{ samples: PageSample[]; skipped: string[]; version: string }> {
  const program = await buildProgram();
  const { database } = await openNation(kept, accounts, say);
  try {
    const env: Record<string, string> = {
      ...environment(database.url, port),
      STAFF_SESSION_IDLE_MINUTES: '60',
    };
    const prepared = join(kept, 'prepared');
    if (!existsSync(prepared)) {
      say('a year at two schools');
      for (const school of [LARGE.id, SMALL]) await prepareSchool({ database, folder, env }, school);
      await writeFile(prepared, '');
    }
    const withPupils = join(kept, 'prepared-pupils');
    if (!existsSync(withPupils)) {
      say('accounts of their pupils');
      for (const school of [LARGE.id, SMALL]) await preparePupils(database.sql, school);
      await writeFile(withPupils, '');
    }
    const cookie = await signInStaff(database.sql, env.COOKIE_KEYS ?? '', [LARGE.id, SMALL]);
    const counter = await startCounter(env, cookie);
    const server = await startOurs(env, { program, folder });
    try {
      const origin = `http://127.0.0.1:${port}`;
      const visit = { origin, cookie, database, pid: server.pid, count: counter.count };
      return { ...(await visitAll(visit, visits, say)), version: database.version };
    } finally {
      await server.stop();
      await counter.close();
    }
  } finally {
    await database.close();
    program.forget();
  }
}

/** What a year leaves at a school: a distribution, statistics, people who did not get in, wrong attachments. */
async function prepareSchool(
  { database, folder, env }: { database: BenchDatabase; folder: string; env: Record<string, string> },
  school: number,
): Promise<void> {
  const { sql } = database;
  const { uai } = await sql('schools').where({ id: school }).first('uai');
  await sealPasswords(sql, school, env.SEALING_KEYS ?? '');
  await runCommand(database, ['statistics', '--school', uai, '--json'], env);
  const label = (await sql('classes').where({ school_id: school }).orderBy('id').first('label'))
    .label as string;
  const out = join(folder, `${school}.pdf`);
  const run = await runCommand(database, ['notify', '--school', uai, '--class', label, '--out', out], env);
  if (run.code !== 0) throw new Error(`no distribution at ${uai}: ${run.err}`);
  await sql.raw(
    `INSERT INTO failed_checks (account_id, way, failed, at)
     SELECT DISTINCT g.account_id, ELT(1 + g.id % 3, 'sms', 'franceconnect', 'school'),
       ELT(1 + g.id % 3, 'mobile', 'birth-date', 'birth-date'), NOW(3) - INTERVAL g.id % 20 DAY
     FROM pupils AS p JOIN legal_links AS l ON l.pupil_id = p.id
     JOIN guardian_references AS g ON g.id = l.guardian_reference_id
     WHERE p.school_id = ? AND g.id % 7 = 0`,
    [school],
  );
  await sql.raw(
    `INSERT INTO wrong_attachments (guardian_reference_id, pupil_id, account_id, state, reported_at)
     SELECT g.id, p.id, g.account_id, 'open', NOW(3)
     FROM pupils AS p JOIN legal_links AS l ON l.pupil_id = p.id
     JOIN guardian_references AS g ON g.id = l.guardian_reference_id
     WHERE p.school_id = ? AND g.id % 97 = 0`,
    [school],
  );
}

/** Accounts of a school's pupils, of two in three activated; what a distribution leaves is the same as of guardians. */
async function preparePupils(sql: BenchDatabase['sql'], school: number): Promise<void> {
  await sql.raw(
    `INSERT INTO accounts (public_id, kind, identifier, state, origin, given_name, family_name, password_kind,
       password_hash, distributed_at, activated_at, created_at, updated_at)
     SELECT CONCAT('p', LPAD(id, 21, '0')), 'pupil', CONCAT('b.eleve', id), IF(id % 3, 'activated', 'not_notified'),
       IF(id % 3, 'school', 'none'), given_name, family_name, IF(id % 3, 'personal', 'none'),
       IF(id % 3, 'of nobody', NULL), IF(id % 3, NOW(3), NULL), IF(id % 3, NOW(3), NULL), NOW(3), NOW(3)
     FROM pupils WHERE school_id = ? AND account_id IS NULL`,
    [school],
  );
  await sql.raw(
    `UPDATE pupils AS p JOIN accounts AS a ON a.identifier = CONCAT('b.eleve', p.id) SET p.account_id = a.id
     WHERE p.school_id = ?`,
    [school],
  );
}

/** The nation's provisional passwords were sealed by nobody: a letter could not say them. */
async function sealPasswords(sql: BenchDatabase['sql'], school: number, keys: string): Promise<void> {
  const sealer = createSealer(keys.split(','));
  const accounts: { id: number; publicId: string }[] = await sql('accounts as a')
    .join('guardian_references as g', 'g.account_id', 'a.id')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .where({ 'p.school_id': school, 'a.state': 'notified' })
    .distinct({ id: 'a.id', publicId: 'a.public_id' });
  for (const { id, publicId } of accounts) {
    const sealed = sealProvisional({ sealer }, publicId, 'GVKJ7PPE23');
    await sql('accounts').where({ id }).update({ provisional_sealed: sealed });
  }
}

type Place = Record<string, string>;

/** What stands for `:uai`, `:account`, `:batch`... in the addresses of a school. */
async function placeOf({ sql }: BenchDatabase, school: number): Promise<Place> {
  const { uai } = await sql('schools').where({ id: school }).first('uai');
  const account = await sql('accounts as a')
    .join('guardian_references as g', 'g.account_id', 'a.id')
    .join('legal_links as l', 'l.guardian_reference_id', 'g.id')
    .join('pupils as p', 'p.id', 'l.pupil_id')
    .where({ 'p.school_id': school, 'a.state': 'notified' })
    .first({ id: 'a.public_id', name: 'a.family_name' });
  const batch = await sql('notification_batches').where({ school_id: school }).first('public_id');
  const pupil = await sql('accounts as a')
    .join('pupils as p', 'p.account_id', 'a.id')
    .where({ 'p.school_id': school, 'a.state': 'activated' })
    .first({ id: 'a.public_id' });
  const first = await sql('classes').where({ school_id: school }).orderBy('id').first('id');
  return {
    uai,
    account: account?.id,
    pupil: pupil?.id,
    batch: batch?.public_id,
    class: String(first.id),
    name: String(account?.name).slice(0, 3),
  };
}

const SORTS = 'pupil class mef guardian identifier email origin state distributed login'.split(' ');

/** Queries with which a page is visited besides none; `{class}` and the like as in `placeOf`. */
const QUERIES: Record<string, readonly string[]> = {
  '/admin/etablissements/:uai/responsables': [
    '?q=',
    '?q=&page=9999',
    '?q={name}',
    '?q=&class={class}',
    '?q=&mef=10010012111',
    ...['not_notified', 'notified', 'activating', 'activated'].map((state) => `?q=&state=${state}`),
    ...['with', 'without'].map((email) => `?q=&email=${email}`),
    ...['school', 'guardian', 'franceconnect', 'none'].map((origin) => `?q=&origin=${origin}`),
    '?q=&expires=15',
    ...SORTS.map((sort) => `?q=&sort=${sort}&dir=desc`),
    ...SORTS.slice(1).map((sort) => `?q=&sort=${sort}&page=9999`),
  ],
  ...Object.fromEntries(
    ['/admin/etablissements/:uai/eleves', '/admin/depannage/etablissements/:uai/eleves'].map((list) => [
      list,
      [
        '?q=',
        '?q=&page=9999',
        '?q={name}',
        '?q=&class={class}',
        '?q=&state=not_notified',
        '?q=&email=with',
        ...SORTS.map((sort) => `?q=&sort=${sort}&dir=desc`),
      ],
    ]),
  ),
  '/admin/etablissements/:uai/familles': ['?motif=echec', '?motif=bloque', '?page=9999'],
  '/admin/etablissements/:uai/qualite': [
    '?liste=no-mobile',
    '?liste=shared-mobile',
    '?liste=no-mobile&page=9999',
  ],
  '/admin/etablissements/:uai/qualite.csv': ['?liste=no-mobile', '?liste=shared-mobile'],
  '/admin/etablissements/:uai/relance': ['?groupe=bientot', '?groupe=expires', '?groupe=activation'],
  '/admin/etablissements/:uai/journal': ['?page=9999'],
};

/** There is no such page without a query. */
const NEEDS_QUERY: readonly string[] = ['/admin/etablissements/:uai/qualite.csv'];

const fill = (text: string, place: Place): string | null => {
  let missing = false;
  const filled = text.replace(/:(\w+)|\{(\w+)\}/g, (_, name?: string, other?: string) => {
    const value = place[name ?? other ?? ''];
    if (value === undefined) missing = true;
    return encodeURIComponent(value ?? '');
  });
  return missing ? null : filled;
};

async function visitAll(visit: Visit, visits: number, say: (line: string) => void) {
  const places = await Promise.all([LARGE.id, SMALL].map((school) => placeOf(visit.database, school)));
  const [large, small] = places as [Place, Place];
  const samples: PageSample[] = [];
  const skipped: string[] = [];
  for (const { method, path, needs } of ADMIN_ROUTES) {
    // Who signs in leaves for the portal.
    if (method !== 'get' || needs === 'nobody') continue;
    for (const query of [...(NEEDS_QUERY.includes(path) ? [] : ['']), ...(QUERIES[path] ?? [])]) {
      const page = path.replace('/admin/etablissements/:uai', '…') + query;
      // Pages of pupils are of their accounts, and of distributions that nobody has made here.
      const asked = path
        .replace('/eleves/comptes/:account', '/eleves/comptes/:pupil')
        .replace('/eleves/distributions/:batch', '/eleves/distributions/:pupils');
      const [at, beside] = [fill(asked + query, large), fill(asked + query, small)];
      if (at === null || beside === null) {
        skipped.push(page);
        continue;
      }
      say(page);
      const of = await visitOne(visit, at, visits);
      const statements: [number, number] = [await visit.count(at), await visit.count(beside)];
      samples.push({ ...of, page, statements });
    }
  }
  return { samples, skipped };
}

async function visitOne({ origin, cookie, database, pid }: Visit, path: string, visits: number) {
  const durations: number[] = [];
  const cpu = () => cpuSeconds(pid) + cpuSeconds(database.pid);
  let [status, kilobytes, cpuBefore] = [0, 0, 0];
  for (let turn = -WARM_UP; turn < visits; turn += 1) {
    if (turn === 0) cpuBefore = cpu();
    const began = performance.now();
    const answer = await send(origin, path, { headers: { accept: 'text/html', cookie } });
    if (turn >= 0) durations.push(performance.now() - began);
    [status, kilobytes] = [answer.status, Buffer.byteLength(answer.text) / 1024];
  }
  return { status, kilobytes, durations, cpu: ((cpu() - cpuBefore) * 1000) / visits };
}

/**
 * A page leaves out a statement where the one before found nobody to ask about. A file is read part by part as it
 * leaves (letters that are kept, numbers that many share), so it grows by the part.
 */
function areAsMany(page: string, large: number, small: number): boolean {
  return Math.abs(large - small) <= 1 || /\.(pdf|csv)(\?|$)/.test(page);
}

export function pagesTable(samples: readonly PageSample[]): string {
  return table(
    [
      'page',
      'status',
      'kB',
      'p50 ms',
      'p95 ms',
      'CPU ms',
      'statements',
      'of 300',
      `p95 under ${LIMIT_MS} ms, as many statements`,
    ],
    samples.map(({ page, status, kilobytes, durations, cpu, statements: [large, small] }) => {
      const p95 = percentile(durations, 0.95);
      const kept = p95 < LIMIT_MS && areAsMany(page, large, small) && status < 400;
      return [
        `\`${page}\``,
        String(status),
        kilobytes,
        percentile(durations, 0.5),
        p95,
        cpu,
        large,
        small,
        kept ? 'yes' : 'no',
      ];
    }),
  );
}
