/**
 * Part e: accounts of a whole country, made once and kept, for whatever has to be measured at that size (the pages of
 * the directors' module when they exist). An unfinished folder is made again.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import argon2 from 'argon2';
import { type BenchDatabase, startDatabase } from './database.ts';
import { PASSWORD } from './operations.ts';
import { fillPeople, gatherSchool } from './people.ts';
import { table } from './table.ts';

/** Cheap to make; the first login replaces it. */
const HASH = { type: argon2.argon2id, memoryCost: 1024, timeCost: 1, parallelism: 1 } as const;

const A_SCHOOL = 300;
/** A collège of 1,500 guardians, made of five of the same académie. */
export const LARGE = { id: 2, guardians: 5 * A_SCHOOL, from: [6, 10, 14, 18] } as const;

export type NationResult = { seconds: number; made: boolean; rows: Record<string, number>; version: string };

/** The nation's database, running; the caller closes it. @param folder kept; made when it is not there */
export async function openNation(
  folder: string,
  accounts: number,
  say: (line: string) => void,
): Promise<{ database: BenchDatabase; made: boolean }> {
  const finished = join(folder, 'finished');
  const made = !existsSync(finished);
  if (made) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const database = await startDatabase(join(folder, 'database'), 'educonnect_nation');
  if (!made) return { database, made };
  try {
    say(`making ${accounts} accounts`);
    const passwordHash = await argon2.hash(PASSWORD, HASH);
    const people = { accounts, accountsPerSchool: A_SCHOOL, passwordHash, activated: 70, allStates: true };
    await fillPeople(database.sql, people);
    await gatherSchool(database.sql, LARGE.id, LARGE.from);
    say('keeping a line of the trail for each account');
    await trail(database.sql);
    await writeFile(finished, '');
    return { database, made };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** What became of each account, so that the journal of a school is one among many. */
async function trail(sql: BenchDatabase['sql']): Promise<void> {
  await sql.raw(
    `INSERT INTO audit_events (at, event, outcome, actor_kind, account_id, details)
     SELECT NOW(3) - INTERVAL id % 300 DAY, IF(state = 'activated', 'activate-by-link', 'notify'), 'done', 'person',
       id, IF(state = 'activated', 'activating > activated', 'not_notified > notified')
     FROM accounts WHERE state <> 'not_notified' ORDER BY id`,
  );
}

export async function makeNation(
  folder: string,
  accounts: number,
  say: (line: string) => void,
): Promise<NationResult> {
  const began = performance.now();
  const { database, made } = await openNation(folder, accounts, say);
  const seconds = (performance.now() - began) / 1000;
  try {
    const rows: Record<string, number> = {};
    for (const name of ['schools', 'classes', 'pupils', 'guardian_references', 'legal_links', 'accounts'])
      rows[name] = Number((await database.sql(name).count({ n: '*' }))[0]?.n);
    return { seconds, made, rows, version: database.version };
  } finally {
    await database.close();
  }
}

export function nationTable({ seconds, made, rows }: NationResult): string {
  const head = ['', 'seconds', ...Object.keys(rows).map((name) => name.replaceAll('_', ' '))];
  return table(head, [[made ? 'made' : 'found again', seconds, ...Object.values(rows)]]);
}
