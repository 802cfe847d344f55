import type { Deps } from '../deps.ts';
import { diagnose } from './diagnosis.ts';
import { factsOf } from './facts.ts';
import { findDataDates } from './facts-store.ts';
import { settingsOf } from './settings.ts';
import { baseOf, type DataDates, type Diagnosis } from './types.ts';

/**
 * The diagnosis of one guardian for the account page of a school. Nine statements at most.
 * @param schoolId the school that asks; whether the account is one of its own is the caller's question
 * @returns null: the account is closed
 */
export async function diagnoseAccount(
  deps: Pick<Deps, 'db' | 'clock' | 'config' | 'sms' | 'franceConnect'>,
  schoolId: number,
  accountId: number,
): Promise<Diagnosis | null> {
  const facts = await factsOf(deps, accountId);
  return facts && diagnose(facts, settingsOf(deps, schoolId));
}

/** Of when the data of a school are (X9). */
export async function dataDates({ db }: Pick<Deps, 'db'>, schoolId: number): Promise<DataDates> {
  const row = await findDataDates(db, schoolId);
  return {
    base: baseOf(row?.degree ?? 1),
    exportedOn: row?.exportedOn ?? null,
    takenAt: row?.takenAt ?? null,
  };
}
