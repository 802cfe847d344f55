import { type HistoryLine, historyPage, roughNetwork } from '../audit/history.ts';
import { plainSchoolName } from '../directory/names.ts';
import type { Context } from '../http/context.ts';
import { showPage } from '../http/page.ts';
import { frameOf } from './frame.ts';
import { ownAccountIds } from './history-store.ts';
import type { HistoryEntry, HistoryPage } from './pages.ts';
import type { AccountDoor, AccountRoute, AccountSession } from './types.ts';

/** « Historique »: how one signed in, what was changed, what the school did; every line of the trail of the account. */
const PATH = '/compte/historique';

export const HISTORY_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: PATH, needs: 'session', handle: showHistory },
];

const SIZE = 25;
const LAST_PAGE = 400;

/** GET /compte/historique?page= */
async function showHistory(door: AccountDoor, ctx: Context, { account }: AccountSession): Promise<void> {
  const { db } = door.deps;
  const page = pageNumber(ctx.query.page);
  const ids = await ownAccountIds(db, account.id);
  const { lines, hasNext } = await historyPage(db, ids, { page, size: SIZE });
  const hrefOf = (number: number) => (number === 1 ? PATH : `${PATH}?page=${number}`);
  const shown: HistoryPage = {
    frame: frameOf(door, ctx),
    entries: lines.map(entryOf),
    page,
    previousHref: page > 1 ? hrefOf(page - 1) : null,
    nextHref: hasNext && page < LAST_PAGE ? hrefOf(page + 1) : null,
  };
  showPage(door.deps, ctx, 'account/history', shown);
}

const pageNumber = (typed: unknown): number =>
  typeof typed === 'string' && /^[1-9]\d{0,2}$/.test(typed) ? Math.min(Number(typed), LAST_PAGE) : 1;

/** What a line tells its holder: in plain words, without who of the staff it was, and where he himself was only roughly. */
export function entryOf({ at, event, outcome, actorKind, school, ip, details }: HistoryLine): HistoryEntry {
  const isLogin = event === 'login' || event === 'proof';
  // A child reads that it was a parent, and not where that one was.
  const byGuardian = event === 'password-by-guardian';
  return {
    at,
    event: worded(event, details),
    refused: outcome === 'refused',
    by: byGuardian ? 'guardian' : actorKind === 'school' && school === null ? 'unnamed' : actorKind,
    school: school === null ? null : plainSchoolName(school),
    ways: isLogin && outcome === 'done' ? waysOf(details) : [],
    reason: isLogin && outcome === 'refused' ? (REASONS.get(details ?? '') ?? null) : null,
    network: actorKind === 'person' && !byGuardian ? roughNetwork(ip) : null,
  };
}

/** C03 and C04 recall the identifier to who has a password of his own: nobody is to read that one was printed. */
const REMINDERS = new Map([
  ['notify', 'notify-reminder'],
  ['print-letter', 'print-reminder'],
]);
const worded = (event: string, details: string | null): string =>
  (/\bC0[34]\b/.test(details ?? '') ? REMINDERS.get(event) : undefined) ?? event;

const WAYS: readonly HistoryEntry['ways'][number][] = ['pwd', 'sms', 'fc', 'hwk'];
/** Those that we have words for, of the `amr` of a sign-in. */
export const waysOf = (details: string | null) =>
  WAYS.filter((way) => (details ?? '').split(' ').includes(way));

/** As `credentials/verify.ts` writes why. */
const REASONS = new Map<string, NonNullable<HistoryEntry['reason']>>([
  ['wrong', 'wrong'],
  ['other profile', 'profile'],
  ['frozen', 'frozen'],
  ['expired', 'expired'],
  // As `credentials/passkey-sign-in.ts` does.
  ['passkey: wrong-profile', 'profile'],
  ['passkey: frozen', 'frozen'],
  ['passkey: counter', 'copied'],
]);
