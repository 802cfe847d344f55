import { changedGuardian, changedPupil } from './changes.ts';
import { knownGuardians, knownPupils } from './known-store.ts';
import { type Batch, type Change, type Reading, takeBatches } from './reading.ts';
import type { StagedTable } from './staging-rows.ts';
import { insertStaged, repeatedIds } from './staging-store.ts';
import { refuse, stageGuardian, stagePupil } from './take.ts';
import type { ImportDeps } from './types.ts';

export type Writer = {
  /** Writes what the buffers hold while the next batch is being read; never more than one batch waits. */
  store(): Promise<void>;
  /** Prolongs the lease. */
  alive(): Promise<void>;
  /** Writes a batch that was made elsewhere. */
  write(batch: Batch): Promise<void>;
  /** Waits for the last batch. */
  settled(): Promise<void>;
  /** The same, and reports ids of which there is more than one record. */
  end(): Promise<void>;
};

export function createWriter(
  deps: ImportDeps,
  runId: number,
  reading: Reading,
  alive: () => Promise<void>,
): Writer {
  let writing: Promise<void> = Promise.resolve();
  const repeated = new Set<StagedTable>();
  const write = async ({ table, statement, rows }: Batch) => {
    await alive();
    if (await insertStaged(deps.jobsDb, statement, rows)) repeated.add(table);
  };
  return {
    alive,
    write,
    async store() {
      await writing;
      await takeChanges(deps, reading, reading.changes.splice(0));
      const batches = takeBatches(reading);
      writing = (async () => {
        for (const batch of batches) await write(batch);
      })();
      // Whoever awaits it next hears of a failure; until then it must not end the process.
      writing.catch(() => {});
    },
    settled: () => writing,
    async end() {
      await writing;
      for (const table of repeated) {
        const { ids, total } = await repeatedIds(deps.jobsDb, table, runId);
        let told = 0;
        for (const { sourceId, fileNo, repeats } of ids) {
          const file = reading.files[fileNo]?.name ?? '';
          for (let time = 0; time < repeats; time += 1) {
            reading.refusals.add({ file, record: sourceId, reason: 'this id has been read before' });
          }
          told += repeats;
        }
        reading.refusals.count(total - told);
      }
    },
  };
}

/** Makes whole records of modifications: what is known, with what they replace. They come from one file. */
async function takeChanges(deps: ImportDeps, reading: Reading, changes: readonly Change[]): Promise<void> {
  const file = changes[0]?.file;
  if (!file) return;
  const base = { academyCode: file.academyCode as string, degree: file.degree };
  const ids = changes.map(({ id }) => id);
  const pupils = file.type === 'Eleve' ? await knownPupils(deps.jobsDb, base, ids) : new Map();
  const guardians = file.type === 'PersRelEleve' ? await knownGuardians(deps.jobsDb, base, ids) : new Map();
  for (const { id, record } of changes) {
    const pupil = pupils.get(id);
    const guardian = guardians.get(id);
    let reason: string | null = 'it changes somebody who is not known';
    if (pupil) reason = stagePupil(reading, file, id, changedPupil(pupil, record, file.degree));
    if (guardian) reason = stageGuardian(reading, file, id, changedGuardian(guardian, record, file.degree));
    if (reason !== null) refuse(reading, file, id, reason);
  }
}
