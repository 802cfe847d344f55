import { randomBytes } from 'node:crypto';

/** Sessions of a sample service, in its memory: bounded in number and in time. */
export type Visits<T> = {
  find(key: string): T | undefined;
  /** @returns the key under which it is found again */
  keep(visit: T): string;
  forget(key: string): void;
  /** Changes what is remembered of those who match, under the same key. @returns how many there were */
  changeWhere(matches: (visit: T) => boolean, change: (visit: T) => T): number;
};

export function createVisits<T>({ limit, lifetimeMs }: { limit: number; lifetimeMs: number }): Visits<T> {
  const kept = new Map<string, { visit: T; until: number }>();
  return {
    find(key) {
      const entry = kept.get(key);
      if (entry && entry.until > Date.now()) return entry.visit;
      kept.delete(key);
      return undefined;
    },
    keep(visit) {
      const key = randomBytes(24).toString('base64url');
      kept.set(key, { visit, until: Date.now() + lifetimeMs });
      const [oldest] = kept.keys();
      if (kept.size > limit && oldest !== undefined) kept.delete(oldest);
      return key;
    },
    forget(key) {
      kept.delete(key);
    },
    changeWhere(matches, change) {
      const found = [...kept].filter(([, entry]) => matches(entry.visit));
      for (const [key, { visit, until }] of found) kept.set(key, { visit: change(visit), until });
      return found.length;
    },
  };
}
