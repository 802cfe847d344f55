import { provisionalExpiresAt } from '../credentials/provisional.ts';
import { groupBy } from '../db/rows.ts';
import type { Deps } from '../deps.ts';
import { listedName } from '../directory/names.ts';
import { findActivationLinks, findPupils, findReferences } from './facts-store.ts';
import { type Candidate, findUnfinished } from './school-store.ts';

const RELAUNCH_SHOWN = 50;
/** A provisional password that ends within so many days ends soon. */
export const SOON_DAYS = 15;
const SOON_MS = SOON_DAYS * 86_400_000;

/**
 * Whom a relaunch is for: whose provisional password expires within 15 days, whose has expired, who
 * has not followed the link of mail C07.
 */
export const RELAUNCH_KINDS = ['expiring', 'expired', 'activating'] as const;
export type RelaunchKind = (typeof RELAUNCH_KINDS)[number];

export type RelaunchRow = Candidate & {
  kind: RelaunchKind;
  expiresAt: Date | null;
  /** When the link that has not been followed was sent, and whether it still works. */
  link: { sentAt: Date; works: boolean } | null;
  hasEmail: boolean;
  /** Of this school. */
  pupils: string[];
};
export type Relaunch = {
  kind: RelaunchKind;
  counts: Record<RelaunchKind, number>;
  rows: RelaunchRow[];
  page: number;
  pages: number;
};

/**
 * Four statements whatever the school and the page; who expires first comes first.
 * @param asked.kind null: the first of which there is somebody
 */
export async function relaunchOf(
  deps: Pick<Deps, 'db' | 'clock' | 'config'>,
  schoolId: number,
  { kind: asked, page }: { kind: RelaunchKind | null; page: number },
): Promise<Relaunch> {
  const now = deps.clock.now();
  const all = (await findUnfinished(deps.db, schoolId)).flatMap((one) => {
    const expiresAt = provisionalExpiresAt(deps.config, one);
    const found = kindOf(one, expiresAt, now);
    return found === null ? [] : [{ ...one, expiresAt, kind: found }];
  });
  const byKind = groupBy(all, (one) => one.kind);
  const kind = asked ?? RELAUNCH_KINDS.find((one) => byKind.has(one)) ?? RELAUNCH_KINDS[0];
  const shown = [...(byKind.get(kind) ?? [])].sort(
    (a, b) =>
      (a.expiresAt?.getTime() ?? 0) - (b.expiresAt?.getTime() ?? 0) ||
      collator.compare(a.familyName, b.familyName) ||
      collator.compare(a.givenName, b.givenName) ||
      a.id - b.id,
  );
  const pages = Math.max(1, Math.ceil(shown.length / RELAUNCH_SHOWN));
  const at = Math.min(page, pages);
  const part = shown.slice((at - 1) * RELAUNCH_SHOWN, at * RELAUNCH_SHOWN);
  const ids = part.map(({ id }) => id);
  const pupils = groupBy(await findPupils(deps.db, ids), ({ accountId }) => accountId);
  const records = groupBy(await findReferences(deps.db, ids), ({ accountId }) => accountId);
  const links = new Map((await findActivationLinks(deps.db, ids)).map((link) => [link.accountId, link]));
  const count = (which: RelaunchKind) => byKind.get(which)?.length ?? 0;
  return {
    kind,
    counts: { expiring: count('expiring'), expired: count('expired'), activating: count('activating') },
    rows: part.map((one) => {
      const link = links.get(one.id);
      const here = (pupils.get(one.id) ?? []).filter(
        (pupil) => pupil.schoolId === schoolId && pupil.endedAt === null,
      );
      return {
        ...one,
        link: link ? { sentAt: link.sentAt, works: link.expiresAt > now } : null,
        hasEmail: one.email !== null || (records.get(one.id) ?? []).some(({ email }) => email !== null),
        pupils: [...new Set(here.map(listedName))],
      };
    }),
    page: at,
    pages,
  };
}

const collator = new Intl.Collator('fr');

function kindOf({ state }: Pick<Candidate, 'state'>, expiresAt: Date | null, now: Date): RelaunchKind | null {
  if (state === 'activating') return 'activating';
  if (expiresAt === null) return null;
  if (expiresAt <= now) return 'expired';
  return expiresAt.getTime() - now.getTime() <= SOON_MS ? 'expiring' : null;
}
