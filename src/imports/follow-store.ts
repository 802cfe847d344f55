import type { Database } from '../deps.ts';
import type { Target } from './apply-store.ts';
import { eachChunk, rowIds } from './apply-store.ts';
import { inChunks, type Scope } from './state-guardians-store.ts';

/** A record that is given the account that its person has already, instead of a new one. */
export type Adoption = { kind: 'guardian' | 'pupil'; sourceId: string; accountId: number };

/** A staged pupil (`pupil`: his id in the feed) and a row of the directory that is the same person under another id. */
export type Twin = {
  pupil: string;
  twinId: number;
  accountId: number | null;
  left: boolean;
  /** As the two records have them. */
  givenNames: [string, string];
};

/** By INE, which is national, and birth date. */
export async function findTwins(
  db: Database,
  runId: number,
  scope: Scope,
  pupils: readonly string[],
): Promise<Twin[]> {
  type Row = Omit<Twin, 'left' | 'givenNames'> & { left: unknown; given: string; givenThere: string };
  const rows: Row[] = await inChunks(pupils, async (part) => {
    const [found] = await db.raw(
      `SELECT s.source_id AS pupil, t.id AS twinId, a.id AS accountId, t.left_at IS NOT NULL AS \`left\`,
         s.given_name AS given, t.given_name AS givenThere
       FROM staged_pupils s
       JOIN pupils t ON t.ine = s.ine AND t.birth_date = s.birth_date
       LEFT JOIN accounts a ON a.id = t.account_id AND a.closed_at IS NULL
       WHERE s.run_id = ? AND s.academy_code = ? AND s.degree = ? AND s.source_id IN (?) AND NOT (
         t.academy_code = s.academy_code AND t.degree = s.degree AND t.source_id = s.source_id)`,
      [runId, scope.academy_code, scope.degree, part],
    );
    return found;
  });
  return rows.map(({ left, given, givenThere, ...row }) => ({
    ...row,
    left: Number(left) === 1,
    givenNames: [given, givenThere],
  }));
}

export type TwinGuardian = {
  twinId: number;
  accountId: number;
  givenName: string;
  familyName: string;
  birthName: string | null;
};

/** Guardians with a living account, today's and former ones, of those rows. */
export function guardiansOfTwins(db: Database, twinIds: readonly number[]): Promise<TwinGuardian[]> {
  return inChunks(twinIds, (part) =>
    db('legal_links as l')
      .join('guardian_references as g', 'g.id', 'l.guardian_reference_id')
      .join('accounts as a', (join) => join.on('a.id', 'g.account_id').andOnNull('a.closed_at'))
      .whereIn('l.pupil_id', part)
      .select({
        twinId: 'l.pupil_id',
        accountId: 'a.id',
        givenName: 'g.given_name',
        familyName: 'g.family_name',
        birthName: 'g.birth_name',
      }),
  );
}

/**
 * Gives the records their accounts, after the records are written and before anybody sees them. One that has just been
 * regrouped is followed to its survivor; a pupil's old record loses his account to the new one.
 */
export async function adopt(db: Database, target: Target, adoptions: readonly Adoption[]): Promise<void> {
  const of = (kind: Adoption['kind']) => adoptions.filter((one) => one.kind === kind);
  const pupils = of('pupil');
  await eachChunk(pupils, (part) =>
    db('pupils')
      .whereIn(
        'account_id',
        part.map(({ accountId }) => accountId),
      )
      .update({ account_id: null, updated_at: target.now }),
  );
  await attach(db, 'pupils', target, pupils);
  await attach(db, 'guardian_references', target, of('guardian'));
  const rows = await rowIds(
    db,
    'pupils',
    target,
    pupils.map(({ sourceId }) => sourceId),
  );
  // A pupil's account bears the name of his record of today.
  await eachChunk([...rows.values()], (part) =>
    db.raw(
      `UPDATE accounts a JOIN pupils p ON p.account_id = a.id
       SET a.given_name = p.given_name, a.family_name = p.family_name WHERE p.id IN (?)`,
      [part],
    ),
  );
}

async function attach(
  db: Database,
  table: 'pupils' | 'guardian_references',
  target: Target,
  adoptions: readonly Adoption[],
): Promise<void> {
  await eachChunk(adoptions, (part) => {
    const values = part
      .map((_, index) => (index === 0 ? 'SELECT ? AS source_id, ? AS account_id' : 'SELECT ?, ?'))
      .join(' UNION ALL ');
    return db.raw(
      `UPDATE ?? r
       JOIN (${values}) v ON CONVERT(v.source_id USING ascii) COLLATE ascii_bin = r.source_id
       JOIN accounts a ON a.id = v.account_id AND a.erased_at IS NULL
       SET r.account_id = COALESCE(a.merged_into, a.id)
       WHERE r.academy_code = ? AND r.degree = ? AND r.account_id IS NULL`,
      [
        table,
        ...part.flatMap(({ sourceId, accountId }) => [sourceId, accountId]),
        target.academyCode,
        target.degree,
      ],
    );
  });
}
