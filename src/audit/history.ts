import type { Database } from '../deps.ts';
import { findHistory, type HistoryLine } from './history-store.ts';

export type { HistoryLine } from './history-store.ts';

/** A page of what happened to an account (« Historique »), the last first. @param page from 1 */
export async function historyPage(
  db: Database,
  accountIds: readonly number[],
  { page, size }: { page: number; size: number },
): Promise<{ lines: HistoryLine[]; hasNext: boolean }> {
  const found = await findHistory(db, accountIds, { limit: size + 1, offset: (page - 1) * size });
  return { lines: found.slice(0, size), hasNext: found.length > size };
}

/** Roughly from where: the half of a network address that tells a provider or a town, not a household. */
export function roughNetwork(ip: string | null): string | null {
  if (ip === null) return null;
  const v4 = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/i.exec(ip);
  if (v4) return `${v4[1]}.${v4[2]}.x.x`;
  const groups = ip.split(':').filter((group) => group !== '');
  return groups.length === 0 ? null : `${groups.slice(0, 2).join(':')}:x`;
}
