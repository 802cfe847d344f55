import type { TestDatabase } from './database.ts';

export type Knife = {
  /** False: there were fewer statements than that. */
  cut(): boolean;
  settled(): Promise<unknown>;
};

/**
 * The connections of the application are cut as soon as it begins its nth statement: what the server has not been told
 * to commit by then is gone, as when the process is killed.
 * @param from a pool to another database of the server, to cut from
 */
export function cutAt(nth: number, database: TestDatabase, from: TestDatabase): Knife {
  let seen = 0;
  let cutting: Promise<unknown> | null = null;
  const listen = () => {
    seen += 1;
    if (seen !== nth) return;
    cutting = from.db
      .raw('SELECT id FROM information_schema.processlist WHERE db = ?', [database.name])
      .then(([rows]) =>
        Promise.all(
          (rows as { id: number }[]).map(({ id }) => from.db.raw(`KILL ${Number(id)}`).catch(() => null)),
        ),
      );
  };
  database.db.on('query', listen);
  return {
    cut: () => cutting !== null,
    settled: async () => {
      database.db.removeListener('query', listen);
      await cutting;
      // The pool finds out about each of its connections when it is used.
      const all = Array.from({ length: 10 }, () => database.db.raw('SELECT 1').catch(() => null));
      await Promise.all(all);
    },
  };
}
