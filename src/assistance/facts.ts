import { groupBy } from '../db/rows.ts';
import type { Database, Deps } from '../deps.ts';
import { datesExhaustedUntil } from '../enrolment/birth-date.ts';
import { FAILED_CHECK_DAYS } from '../enrolment/failed-checks.ts';
import { personByNames } from '../enrolment/matching.ts';
import { type Candidate, findProvableChildren } from '../enrolment/matching-store.ts';
import { firstGiven, foldedName, namesFit } from '../enrolment/same-name.ts';
import {
  type AccountRow,
  countFailedChecks,
  findAccounts,
  findActivationLinks,
  findPupils,
  findReferences,
  findSharers,
  type ReferenceRow,
} from './facts-store.ts';
import type { GuardianFacts, PupilFacts } from './types.ts';

const DAY_MS = 86_400_000;

/** Failed checks are kept, and looked at, for 30 days. */
export const checksSince = (now: Date) => new Date(now.getTime() - FAILED_CHECK_DAYS * DAY_MS);

/**
 * The facts of guardians' accounts, in the order asked for; a closed account has none. Seven statements however many
 * accounts. Until when birth dates are suspended is known by `factsOf` alone.
 */
export async function findFacts(
  deps: Pick<Deps, 'db' | 'clock'>,
  accountIds: readonly number[],
): Promise<GuardianFacts[]> {
  if (accountIds.length === 0) return [];
  const { db } = deps;
  const accounts = await findAccounts(db, accountIds);
  const references = await findReferences(db, accountIds);
  const pupils = groupBy(await findPupils(db, accountIds), byAccount);
  const checks = groupBy(await countFailedChecks(db, accountIds, checksSince(deps.clock.now())), byAccount);
  const links = groupBy(await findActivationLinks(db, accountIds), byAccount);
  const sharing = await readSharing(db, references);
  const referencesOf = groupBy(references, byAccount);
  const byId = new Map(accounts.map((account) => [account.id, account]));
  return accountIds.flatMap((id): GuardianFacts[] => {
    const account = byId.get(id);
    if (account === undefined) return [];
    const rows = pupils.get(id) ?? [];
    const ended = rows.flatMap(({ endedAt }) => (endedAt === null ? [] : [endedAt.getTime()]));
    const [link] = links.get(id) ?? [];
    const records = referencesOf.get(id) ?? [];
    return [
      {
        account: { ...account, emailRefusedAt: refusedAt(account, records) },
        references: records.map((one) => ({ ...one, ...sharing(one) })),
        pupils: rows.filter(({ endedAt }) => endedAt === null) as PupilFacts[],
        linkEndedAt: ended.length === 0 ? null : new Date(Math.max(...ended)),
        checks: checks.get(id) ?? [],
        activationLink: link ? { sentAt: link.sentAt, expiresAt: link.expiresAt } : null,
        datesSuspendedUntil: null,
      },
    ];
  });
}

/** Another address than the one that was refused is not bad. */
function refusedAt(
  { email, emailVerifiedAt, bouncedEmail, emailBouncedAt }: AccountRow,
  records: readonly ReferenceRow[],
): Date | null {
  const own = email === null ? [] : [email];
  const used = emailVerifiedAt === null ? [...own, ...records.map((one) => one.email)] : own;
  return bouncedEmail !== null && used.includes(bouncedEmail) ? emailBouncedAt : null;
}

/** The facts of one account, complete; null: it is closed. */
export async function factsOf(
  deps: Pick<Deps, 'db' | 'clock'>,
  accountId: number,
): Promise<GuardianFacts | null> {
  const [facts] = await findFacts(deps, [accountId]);
  if (facts === undefined) return null;
  const datesSuspendedUntil = await datesExhaustedUntil(deps.db, [accountId], deps.clock.now());
  return { ...facts, datesSuspendedUntil };
}

type Sharing = { sharedWith: number; ambiguous: boolean };

/** Who else is behind the same numbers; two statements, none without numbers. */
async function readSharing(
  db: Database,
  references: readonly ReferenceRow[],
): Promise<(reference: ReferenceRow) => Sharing> {
  const mobiles = [...new Set(references.flatMap(({ mobile }) => (mobile === null ? [] : [mobile])))];
  if (mobiles.length === 0) return () => ({ sharedWith: 0, ambiguous: false });
  const byMobile = groupBy(await findSharers(db, mobiles), ({ mobile }) => mobile ?? '');
  const behind = ({ mobile }: ReferenceRow) => byMobile.get(mobile ?? '') ?? [];
  const fitting = new Map(
    references.map((one) => [one.id, behind(one).filter((other) => namesFit(one, other))] as const),
  );
  // Only those of the same names are told apart by their children.
  const alike = references.filter((one) => isShared(behind(one))).flatMap(({ id }) => fitting.get(id) ?? []);
  const children = await findProvableChildren(db, [...new Set(alike.map(({ id }) => id))]);
  return (reference) => {
    const own = nameKey(reference);
    const others = behind(reference).filter(
      (one) => one.accountId !== reference.accountId && nameKey(one) !== own,
    );
    const person = personByNames(fitting.get(reference.id) ?? [], reference, children);
    return { sharedWith: new Set(others.map(nameKey)).size, ambiguous: person.who === 'several' };
  };
}

const isShared = (behind: readonly Candidate[]) => new Set(behind.map(({ accountId }) => accountId)).size > 1;

/** Who somebody is, as far as names tell. */
export const nameKey = ({ familyName, givenName }: { familyName: string; givenName: string }) =>
  `${folded(familyName)}|${folded(firstGiven(givenName))}`;

/** One word of plain letters, as most are, needs no more than this. */
const folded = (name: string) => (/^[A-Za-z]+$/.test(name) ? name.toLowerCase() : foldedName(name));

const byAccount = ({ accountId }: { accountId: number }) => accountId;
