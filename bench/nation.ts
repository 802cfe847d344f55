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
import { fillPeople } from './people.ts';
import { table } from './table.ts';

/** Cheap to make; the first login replaces it. */
const HASH = { type: argon2.argon2id, memoryCost: 1024, timeCost: 1, parallelism: 1 } as const;

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
    await fillPeople(database.sql, { accounts, accountsPerSchool: 300, passwordHash, activated: 70 });
    await writeFile(finished, '');
    return { database, made };
  } catch (error) {
    await database.close();
    throw error;
  }
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
