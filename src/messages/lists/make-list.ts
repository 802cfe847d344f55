import type { AccountKind } from '../../accounts/types.ts';
import { type Actor, recordAudit } from '../../audit/record.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { findListRows } from './list-store.ts';
import type { List, ListKind, ListRow, ListSchool } from './types.ts';

const IN_FRENCH = new Intl.Collator('fr', { numeric: true });

/**
 * The list of these accounts (section N), in the order in which sheets are handed out. What it tells is written into
 * the audit before a line of it leaves: that it was made, and each account whose provisional password is on it
 * (R-083, N01). A school's rows are held in memory, passwords sealed.
 */
export async function makeList(
  deps: Pick<Deps, 'db' | 'clock'>,
  request: {
    school: ListSchool;
    /** Of whom the accounts are; the guardians' unless told. */
    of?: AccountKind;
    accountIds: readonly number[];
    only?: { classIds: readonly number[]; mefCodes: readonly string[] };
    kind: ListKind;
    actor: Actor;
  },
): Promise<List> {
  const { school, of = 'guardian', accountIds, only = { classIds: [], mefCodes: [] }, kind, actor } = request;
  const writtenAt = deps.clock.now();
  return inTransaction(deps.db, async (trx) => {
    const rows = (await findListRows(trx, school, of, accountIds, only)).sort(byClassThenPupil);
    const accounts = new Map(rows.map((row) => [row.accountId, row]));
    const told = kind === 'hand-out' ? [] : [...accounts.values()].filter(tellsPassword);
    const line = { ...actor, at: writtenAt, outcome: 'done' as const, schoolId: school.id };
    await recordAudit(
      trx,
      {
        ...line,
        event: of === 'pupil' ? 'list-pupils' : 'list-accounts',
        details: `${kind}, ${accounts.size} accounts`,
      },
      ...told.map(({ accountId }) => ({ ...line, event: 'list-password', accountId, details: kind })),
    );
    return { of, school, writtenAt, rows };
  });
}

const tellsPassword = ({ passwordKind }: ListRow) => passwordKind === 'provisional';

function byClassThenPupil(one: ListRow, other: ListRow): number {
  return (
    Number(one.classLabel === null) - Number(other.classLabel === null) ||
    IN_FRENCH.compare(one.classLabel ?? '', other.classLabel ?? '') ||
    (one.classId ?? 0) - (other.classId ?? 0) ||
    IN_FRENCH.compare(one.pupilFamilyName, other.pupilFamilyName) ||
    IN_FRENCH.compare(one.pupilGivenName, other.pupilGivenName) ||
    one.pupilId - other.pupilId ||
    IN_FRENCH.compare(one.familyName, other.familyName) ||
    IN_FRENCH.compare(one.givenName, other.givenName) ||
    one.accountId - other.accountId
  );
}
