import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFolder } from '../../src/imports/run.ts';
import type { ImportReport } from '../../src/imports/types.ts';
import { type AafFeed, writeAaf } from '../support/aaf.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestDeps } from '../support/deps.ts';

/** Runs `work` with an empty folder that is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ec-aaf-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One night with these feeds. @throws Error when the feed was refused or a school failed */
export async function night(deps: TestDeps, ...feeds: AafFeed[]): Promise<ImportReport> {
  return inFolder(async (folder) => {
    for (const [index, feed] of feeds.entries()) await writeAaf(join(folder, String(index)), feed);
    const result = await importFolder(deps, folder);
    if (!result.ok || result.failed > 0) throw new Error(JSON.stringify(result));
    return result.report;
  });
}

const LIVE = [
  'schools',
  'classes',
  'pupils',
  'guardian_references',
  'legal_links',
  'accounts',
  'identifier_series',
];

/** All that the live tables hold, to compare before and after. */
export async function liveTables({ db }: TestDatabase): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {};
  for (const table of LIVE) tables[table] = await db(table).select().orderByRaw('1, 2');
  return tables;
}

/** Forgets the people, not the runs. */
export async function emptyLiveTables({ db }: TestDatabase): Promise<void> {
  for (const table of [
    'legal_links',
    'guardian_references',
    'pupils',
    'classes',
    'accounts',
    'identifier_series',
    'schools',
  ]) {
    await db(table).delete();
  }
}

/** « given family » of the pupils that the account with this identifier answers for. */
export async function childrenOf({ db }: TestDatabase, identifier: string): Promise<string[]> {
  const { pupilsOfAccount } = await import('../../src/directory/store.ts');
  const account = await db('accounts').where({ identifier }).first();
  if (!account) throw new Error(`there is no account ${identifier}`);
  return (await pupilsOfAccount(db, account.id))
    .map((pupil) => `${pupil.givenName} ${pupil.familyName}`)
    .sort();
}
