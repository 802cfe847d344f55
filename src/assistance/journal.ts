import { type ActKind, kindOf, SHOWS_PASSWORDS } from '../audit/acts.ts';
import { countElsewhere, findActors, findEntries, type JournalEntry } from '../audit/journal-store.ts';
import type { Deps } from '../deps.ts';
import { type AccountNamed, findNamed, findOfSchool, isOfSchool } from './journal-store.ts';

export type { AccountNamed } from './journal-store.ts';

const JOURNAL_SHOWN = 50;
export const JOURNAL_DAYS = [30, 90, 366] as const;
const DAY_MS = 86_400_000;
/** Of those who have seen a password more than these are not told one by one. */
const VIEWS_SHOWN = 50;

export type JournalAsked = {
  days: (typeof JOURNAL_DAYS)[number];
  kind: ActKind | null;
  actor: string | null;
  /** By the id of the address, or as typed. */
  account: { publicId: string } | { identifier: string } | null;
  page: number;
};

export type JournalLine = JournalEntry & { kind: ActKind; account: AccountNamed | null };

export type Journal = {
  lines: JournalLine[];
  page: number;
  hasNext: boolean;
  /** Who did something in this time. */
  actors: string[];
  /** The account that was asked for; `here`: of this school today. */
  account: (AccountNamed & { here: boolean }) | null;
  /** The provisional password that it has while it is here: who gave, saw, printed or exported it, the first time first. */
  password: { since: Date; lines: JournalLine[]; elsewhere: number } | null;
};

/**
 * What the staff did at a school (N01, N03), the last first; acts on many accounts are one line. At most ten
 * statements.
 * @returns null: the account asked for has nothing to do with this school
 */
export async function schoolJournal(
  deps: Pick<Deps, 'db' | 'clock'>,
  schoolId: number,
  asked: JournalAsked,
): Promise<Journal | null> {
  const { db } = deps;
  const since = new Date(deps.clock.now().getTime() - asked.days * DAY_MS);
  const account = asked.account && (await findOfSchool(db, schoolId, asked.account));
  if (asked.account !== null && account === null) return null;
  // Whoever has left is still in what was done; what he has now is no longer this school's affair.
  const here = account !== null && account.closedAt === null && (await isOfSchool(db, schoolId, account.id));
  const filter = {
    schoolId,
    since,
    kinds: asked.kind === null ? undefined : [asked.kind],
    actor: asked.actor ?? undefined,
    accountId: account?.id,
  };
  const offset = (asked.page - 1) * JOURNAL_SHOWN;
  const { entries, hasNext } = await findEntries(db, filter, { limit: JOURNAL_SHOWN, offset });
  const actors = await findActors(db, { schoolId, since });
  const named = await findNamed(
    db,
    entries.flatMap(({ accountId }) => (accountId === null ? [] : [accountId])),
  );
  const byId = new Map(named.map((one) => [one.id, one]));
  const line = (entry: JournalEntry): JournalLine => ({
    ...entry,
    kind: kindOf(entry.event),
    account: byId.get(entry.accountId ?? 0) ?? null,
  });
  return {
    lines: entries.map(line),
    page: asked.page,
    hasNext,
    actors,
    account: account && { ...account, here },
    password: account && here ? await passwordOf(deps, schoolId, account, line) : null,
  };
}

async function passwordOf(
  { db }: Pick<Deps, 'db'>,
  schoolId: number,
  { id, provisionalSince }: AccountNamed,
  line: (entry: JournalEntry) => JournalLine,
): Promise<Journal['password']> {
  if (provisionalSince === null) return null;
  const filter = { schoolId, since: provisionalSince, kinds: SHOWS_PASSWORDS, accountId: id };
  const { entries } = await findEntries(db, filter, { limit: VIEWS_SHOWN, offset: 0 });
  return {
    since: provisionalSince,
    lines: entries.reverse().map(line),
    elsewhere: await countElsewhere(db, filter),
  };
}
