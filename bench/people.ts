/**
 * Schools, pupils, guardians and accounts by the hundred thousand, written by a handful of statements that work on
 * whole tables: what an import and a year of logins leave. Deterministic; the database must be empty of people.
 */
import { BOYS, FAMILY_NAMES, GIRLS, MEN, WOMEN } from '../src/demo/sample-schools/names.ts';
import type { Sql } from './database.ts';

export type Population = {
  /** Guardians with an account, two a household. */
  accounts: number;
  accountsPerSchool: number;
  /** argon2id, the same for all who have a personal password. */
  passwordHash: string;
  /** So many in a hundred are « Activé », the others « Non notifié » unless `allStates`. */
  activated: number;
  /** Those who are not « Activé » stand anywhere on the way, and those who are came by any way. */
  allStates?: boolean;
};

const CLASSES = 12;
const TABLES = ['schools', 'classes', 'pupils', 'guardian_references', 'legal_links', 'accounts'] as const;

/** What a generated account is called at the login page. @param number 1 <= n <= accounts */
export const identifierOf = (number: number) => `b.parent${number}`;

/** @returns how many rows each table has */
export async function fillPeople(sql: Sql, population: Population): Promise<Record<string, number>> {
  await countUp(sql, Math.max(population.accounts, 64));
  await nameLists(sql);
  await drawPersons(sql, population);
  await schools(sql, population);
  await guardians(sql, population);
  await pupils(sql, population);
  await sql.raw('DROP TABLE bench_numbers, bench_names, bench_adults, bench_children');
  const counted: Record<string, number> = {};
  for (const table of TABLES) counted[table] = Number((await sql(table).count({ n: '*' }))[0]?.n);
  return counted;
}

/** 0, 1, 2... by doubling. */
async function countUp(sql: Sql, count: number): Promise<void> {
  await sql.raw('CREATE TABLE bench_numbers (n INT UNSIGNED NOT NULL PRIMARY KEY)');
  await sql.raw('INSERT INTO bench_numbers VALUES (0)');
  for (let size = 1; size < count; size *= 2) {
    await sql.raw('INSERT INTO bench_numbers SELECT n + ? FROM bench_numbers WHERE n + ? < ?', [
      size,
      size,
      count,
    ]);
  }
}

const LISTS = {
  family: FAMILY_NAMES.map((name) => name.toUpperCase()),
  girls: GIRLS,
  boys: BOYS,
  women: WOMEN,
  men: MEN,
};

/** The lists that the sample schools draw from, numbered from 0. */
async function nameLists(sql: Sql): Promise<void> {
  await sql.raw(
    `CREATE TABLE bench_names (list VARCHAR(8), n INT, name VARCHAR(120), PRIMARY KEY (list, n))
     CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
  );
  for (const [list, words] of Object.entries(LISTS)) {
    await sql('bench_names').insert(words.map((name, n) => ({ list, n, name })));
  }
}

/** Few names are frequent and many are rare: homonyms as there are in any town. */
const drawn = (list: keyof typeof LISTS, seed: string) =>
  `CAST(FLOOR(${LISTS[list].length} * POW(CRC32(${seed}) / 4294967296, 2)) AS SIGNED)`;

/** Household n DIV 2 has the adults n; its first child is 2 h, every third has a second one, 2 h + 1. */
async function drawPersons(sql: Sql, { accounts, activated }: Population): Promise<void> {
  const person = (sex: [keyof typeof LISTS, keyof typeof LISTS], family: string, more: string) => `
    (n INT UNSIGNED NOT NULL PRIMARY KEY) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci
    SELECT x.n, g.name AS given, f.name AS family, x.active FROM (
      SELECT n, CRC32(CONCAT('a', n)) % 100 < ${activated} AS active, IF(n % 2 = 0, '${sex[0]}', '${sex[1]}') AS list,
        IF(n % 2 = 0, ${drawn(sex[0], "CONCAT('g', n)")}, ${drawn(sex[1], "CONCAT('g', n)")}) AS given_no,
        ${drawn('family', family)} AS family_no
      FROM bench_numbers WHERE n < ${accounts} ${more}) AS x
    JOIN bench_names AS g ON g.list = x.list AND g.n = x.given_no
    JOIN bench_names AS f ON f.list = 'family' AND f.n = x.family_no`;
  // One couple in four does not share a name.
  const adult = person(['women', 'men'], "IF(n % 8 = 1, CONCAT('o', n), CONCAT('f', n DIV 2))", '');
  const child = person(['girls', 'boys'], "CONCAT('f', n DIV 2)", 'AND (n % 2 = 0 OR n DIV 2 % 3 = 0)');
  await sql.raw(`CREATE TABLE bench_adults ${adult}`);
  await sql.raw(`CREATE TABLE bench_children ${child}`);
}

async function schools(sql: Sql, { accounts, accountsPerSchool }: Population): Promise<void> {
  const howMany = Math.ceil(accounts / accountsPerSchool);
  await sql.raw(
    `INSERT INTO schools (id, uai, academy_code, academy_name, degree, source_id, name, town, created_at, updated_at)
     SELECT n + 1, CONCAT(LPAD(9000000 + n, 7, '0'), CHAR(65 + n % 26 USING ascii)), 10 + n % 4,
       CONCAT('ACADEMIE ', 10 + n % 4), 1 + n % 2, CONCAT('s', n + 1),
       CONCAT(IF(n % 2 = 0, 'E.E.PU ', 'CLG '), 'DU BANC ', n + 1), CONCAT('VILLE ', n DIV 7), NOW(3), NOW(3)
     FROM bench_numbers WHERE n < ? ORDER BY n`,
    [howMany],
  );
  await sql.raw(
    `INSERT INTO classes (id, school_id, code, label)
     SELECT s.id * ${CLASSES} + c.n, s.id, CONCAT('C', c.n), CONCAT('CLASSE ', c.n + 1)
     FROM schools AS s JOIN bench_numbers AS c ON c.n < ${CLASSES} ORDER BY s.id, c.n`,
  );
}

/** How an account stands, by which way it was activated, whether it has an address. */
const PLAIN = "IF(active, 'activated', 'not_notified') AS state, 'school' AS way, active AS known";
const STANDS = "CRC32(CONCAT('s', n)) % 10";
const VARIED = `CASE WHEN active THEN 'activated' WHEN ${STANDS} < 5 THEN 'not_notified'
    WHEN ${STANDS} < 9 THEN 'notified' ELSE 'activating' END AS state,
  ELT(1 + CRC32(CONCAT('w', n)) % 4, 'school', 'guardian', 'franceconnect', 'school') AS way,
  IF(active, CRC32(CONCAT('m', n)) % 8 > 0, ${STANDS} = 9) AS known`;

/**
 * Longer than a number that exists, so that two million people have one: of those that are kept free for invented
 * people there are ten thousand. One in nine is somebody else's too; one record in 500 has what its school writes
 * where it knows none, thousands the same.
 */
const MOBILE = `IF(n % 500 = 7, '+33639980000',
  CONCAT('+3363998', LPAD(CRC32(n DIV (1 + n % 9 DIV 8)) % 10000000, 7, '0')))`;

/** Accounts, and the record of the directory that each was made for. */
async function guardians(sql: Sql, population: Population): Promise<void> {
  const { accountsPerSchool, passwordHash, allStates = false } = population;
  // A provisional password of theirs cannot be read back: it was sealed by nobody.
  await sql.raw(
    `INSERT INTO accounts (id, public_id, kind, identifier, state, origin, given_name, family_name, email,
       email_verified_at, password_kind, password_hash, provisional_sealed, provisional_created_at, distributed_at,
       activated_at, created_at, updated_at)
     SELECT n + 1, CONCAT('b', LPAD(n + 1, 21, '0')), 'guardian', CONCAT('b.parent', n + 1), state,
       IF(state = 'not_notified', 'none', IF(state = 'activated', way, 'school')), given, family,
       IF(known, CONCAT('parent', n + 1, '@example.org'), NULL), IF(known AND state = 'activated', NOW(3), NULL),
       CASE state WHEN 'not_notified' THEN 'none' WHEN 'notified' THEN 'provisional' ELSE 'personal' END,
       IF(state IN ('activating', 'activated'), ?, NULL), IF(state = 'notified', 'sealed', NULL),
       IF(state = 'notified', given_out, NULL), IF(state IN ('notified', 'activating'), given_out, NULL),
       IF(state = 'activated', NOW(3), NULL), NOW(3), NOW(3)
     FROM (SELECT a.*, NOW(3) - INTERVAL CRC32(n) % 120 DAY AS given_out, ${allStates ? VARIED : PLAIN}
       FROM bench_adults AS a) AS adults ORDER BY n`,
    [passwordHash],
  );
  await sql.raw(
    `INSERT INTO guardian_references (id, academy_code, degree, source_id, title, given_name, family_name, search_name,
       mobile, mobile_raw, email, address, postal_code, town, account_id, created_at, updated_at)
     SELECT n + 1, s.academy_code, s.degree, CONCAT('g', n + 1), IF(n % 2 = 0, 'Mme', 'M.'), given, family,
       CONCAT(family, ' ', given), IF(CRC32(n) % 6 = 0, NULL, ${MOBILE}),
       NULL, IF(CRC32(n) % 5 < 2, NULL, CONCAT('parent', n + 1, '@example.org')), CONCAT(1 + n % 90, ' rue des Bancs'),
       '99000', s.town, n + 1, NOW(3), NOW(3)
     FROM bench_adults JOIN schools AS s ON s.id = n DIV ? + 1 ORDER BY n`,
    [accountsPerSchool],
  );
}

async function pupils(sql: Sql, { accountsPerSchool }: Population): Promise<void> {
  await sql.raw(
    `INSERT INTO pupils (id, academy_code, degree, source_id, ine, given_name, family_name, search_name, birth_date,
       school_id, class_id, level_code, level_label, mef_code, mef_label, created_at, updated_at)
     SELECT n + 1, s.academy_code, s.degree, CONCAT('p', n + 1), CONCAT(LPAD(n + 1, 9, '0'), 'BB'), given, family,
       CONCAT(family, ' ', given), DATE '2010-01-01' + INTERVAL CRC32(n) % 4000 DAY, s.id,
       s.id * ${CLASSES} + CRC32(n) % ${CLASSES}, 'CE1', 'CE1',
       IF(s.degree = 2, CONCAT('1001001211', CRC32(n) % 4), NULL), IF(s.degree = 2, CONCAT('MEF ', CRC32(n) % 4), NULL),
       NOW(3), NOW(3)
     FROM bench_children JOIN schools AS s ON s.id = n DIV ? + 1 ORDER BY n`,
    [accountsPerSchool],
  );
  for (const child of [0, 1]) {
    await sql.raw(
      `INSERT INTO legal_links (guardian_reference_id, pupil_id, link_code, created_at)
       SELECT a.n + 1, c.n + 1, IF(a.n % 2 = 0, '10', '20'), NOW(3)
       FROM bench_adults AS a JOIN bench_children AS c ON c.n = a.n DIV 2 * 2 + ${child} ORDER BY a.n`,
    );
  }
}

/** Puts the children of other schools of its base into this one, so that one is large. */
export async function gatherSchool(sql: Sql, school: number, others: readonly number[]): Promise<void> {
  await sql.raw(
    `UPDATE pupils SET class_id = ? * ${CLASSES} + class_id % ${CLASSES}, school_id = ? WHERE school_id IN (?)`,
    [school, school, [...others]],
  );
}
