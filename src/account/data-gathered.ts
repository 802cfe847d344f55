import type { Account } from '../accounts/types.ts';
import { type HistoryLine, historyPage } from '../audit/history.ts';
import { childrenOfAccount } from '../directory/children.ts';
import { plainSchoolName } from '../directory/names.ts';
import {
  findAccountDates,
  findFailedChecks,
  findFranceConnect,
  findMerged,
  findMessages,
  findOwnPupil,
  findPasskeysHeld,
  findPendingLinks,
  findReferences,
  findReports,
  type HeldRow,
  MOST_ROWS,
} from './data-store.ts';
import { entryOf } from './history.ts';
import { ownAccountIds } from './history-store.ts';
import type { HistoryEntry } from './pages.ts';
import type { AccountDoor } from './types.ts';

/** A part of the file: one row of facts, or several alike. */
export type DataSection = { key: string; rows: HeldRow[] };

export type GatheredData = {
  /** For programs: each section by its key, and the history. */
  file: Record<string, unknown>;
  /** For the person: the same, in the order of the page. */
  sections: DataSection[];
  history: HistoryEntry[];
  madeAt: Date;
  name: string;
  /** A list was longer than anybody's, and is cut. */
  cut: boolean;
};

/**
 * All that is held of a person, in a fixed number of statements, each bounded: his account, what the schools know of
 * him, his children as far as he may see them, services, sessions, traces, history. No password, no hash, no token; of
 * his children neither birth date nor INE, with which somebody else could prove to be him.
 */
export async function gatherData({ deps, host }: AccountDoor, account: Account): Promise<GatheredData> {
  const { db, clock } = deps;
  const now = clock.now();
  const ids = await ownAccountIds(db, account.id);
  const children = await childrenOfAccount(db, account);
  const services = await host.servicesOfSchools(children.map(({ schoolId }) => schoolId));
  const sessions = await host.sessionsOf(account.publicId);
  const franceConnect = await findFranceConnect(db, account.id);
  const sections: DataSection[] = [
    { key: 'account', rows: [{ ...accountFacts(account), ...(await findAccountDates(db, account.id)) }] },
    {
      key: 'regrouped_accounts',
      rows: await findMerged(
        db,
        ids.filter((id) => id !== account.id),
      ),
    },
    { key: 'franceconnect', rows: franceConnect === null ? [] : [franceConnect] },
    { key: 'passkeys', rows: await findPasskeysHeld(db, account.id) },
    { key: 'guardian_records', rows: await findReferences(db, account.id) },
    { key: 'pupil_records', rows: await findOwnPupil(db, account.id) },
    { key: 'children', rows: account.kind === 'guardian' ? children.map(childFacts) : [] },
    { key: 'reported_children', rows: await findReports(db, account.id) },
    { key: 'services', rows: services.map(({ name }) => ({ name })) },
    {
      key: 'sessions',
      rows: sessions.map(({ begunAt, usedAt, device, services: reached }) => ({
        device,
        begun_at: begunAt,
        used_at: usedAt,
        services: reached.join(', ') || null,
      })),
    },
    { key: 'messages', rows: await findMessages(db, account) },
    { key: 'pending_links', rows: await findPendingLinks(db, account.id, now) },
    { key: 'failed_checks', rows: await findFailedChecks(db, account.id) },
  ];
  const { lines, hasNext } = await historyPage(db, ids, { page: 1, size: MOST_ROWS });
  const history = lines.map(entryOf);
  // His own address is his; that of the staff, of a parent, of whoever tried in vain is not.
  const trail = lines.map((line, index) => ({
    at: line.at,
    event: line.event,
    outcome: line.outcome,
    by: history[index]?.by,
    school: history[index]?.school,
    ip: isOwn(line, history[index]) ? line.ip : (history[index]?.network ?? null),
  }));
  const byKey = Object.fromEntries(
    sections.map(({ key, rows }) => [key, key === 'account' ? rows[0] : rows]),
  );
  const cut = hasNext || sections.some(({ rows }) => rows.length >= MOST_ROWS);
  return {
    file: { made_at: now, cut, ...byKey, history: trail },
    sections,
    history,
    madeAt: now,
    name: `${account.givenName} ${account.familyName}`,
    cut,
  };
}

const isOwn = ({ outcome }: HistoryLine, entry: HistoryEntry | undefined): boolean =>
  outcome === 'done' && entry?.by === 'person';

const accountFacts = (account: Account): HeldRow => ({
  identifier: account.identifier,
  kind: account.kind,
  given_name: account.givenName,
  family_name: account.familyName,
  state: account.state,
  origin: account.origin,
  email: account.email,
  email_verified_at: account.emailVerifiedAt,
  school_email: account.schoolEmail,
  bounced_email: account.bouncedEmail,
  password_kind: account.passwordKind,
  distributed_at: account.distributedAt,
  activated_at: account.activatedAt,
  last_login_at: account.lastLoginAt,
});

const childFacts = (child: Awaited<ReturnType<typeof childrenOfAccount>>[number]): HeldRow => ({
  given_name: child.givenName,
  family_name: child.familyName,
  school: plainSchoolName(child.school),
  uai: child.uai,
  class: child.class,
  level: child.level,
});
