import type { AccountOrigin, AccountState } from '../../src/accounts/types.ts';
import type { School } from '../../src/statistics/store.ts';
import type { TestDatabase } from '../support/database.ts';

/** Schools and families as an import leaves them, many at once. */

const at = new Date('2026-09-01T06:00:00Z');
const stamps = { created_at: at, updated_at: at };
let last = 0;
const next = () => {
  last += 1;
  return last;
};

export type Child = {
  school: School;
  class?: string | null;
  level?: string | null;
  mef?: string | null;
  ine?: string | null;
  leftAt?: Date;
  /** The state of an account of his own. */
  account?: AccountState;
};
export type Parent = {
  state?: AccountState;
  origin?: AccountOrigin;
  closedAt?: Date;
  /** Another record of this parent, already inserted: both are of one account. */
  accountId?: number;
};
export type Family = { parents: Parent[]; children: Child[] };
export type Inserted = { accountIds: number[]; referenceIds: number[]; pupilIds: number[] };

export async function insertSchool({ db }: TestDatabase, { degree }: { degree: 1 | 2 }): Promise<School> {
  const number = next();
  const uai = `099${String(number).padStart(4, '0')}A`;
  const school = { uai, name: `ECOLE ${number}`, town: 'SAINT-EXEMPLE', degree };
  const academy = { academy_code: '99', academy_name: 'INVENTEE', source_id: String(number) };
  const [id = 0] = await db('schools').insert({ ...school, ...academy, ...stamps });
  return { id, ...school };
}

/** @returns ids of each family, in order */
export async function insertFamilies(
  database: TestDatabase,
  families: readonly Family[],
): Promise<Inserted[]> {
  const { db } = database;
  const classes = await insertClasses(database, families);
  const found: Inserted[] = [];
  const accounts: object[] = [];
  const references: object[] = [];
  const pupils: object[] = [];
  const links: object[] = [];
  for (const { parents, children } of families) {
    const ids: Inserted = { accountIds: [], referenceIds: [], pupilIds: [] };
    for (const parent of parents) {
      const id = next();
      const accountId = parent.accountId ?? id;
      if (parent.accountId === undefined) accounts.push(accountRow(id, 'guardian', parent));
      references.push(referenceRow(id, accountId));
      ids.accountIds.push(accountId);
      ids.referenceIds.push(id);
    }
    for (const child of children) {
      const id = next();
      if (child.account) accounts.push(accountRow(id, 'pupil', { state: child.account }));
      pupils.push(pupilRow(id, child, classes.get(keyOf(child)) ?? null));
      ids.pupilIds.push(id);
    }
    for (const guardian_reference_id of ids.referenceIds)
      for (const pupil_id of ids.pupilIds) links.push({ guardian_reference_id, pupil_id, created_at: at });
    found.push(ids);
  }
  for (const [table, rows] of Object.entries({
    accounts,
    guardian_references: references,
    pupils,
    legal_links: links,
  }))
    if (rows.length > 0) await db.batchInsert(table, rows, 500);
  return found;
}

const keyOf = (child: Child) => `${child.school.id}|${child.class}`;

async function insertClasses(
  { db }: TestDatabase,
  families: readonly Family[],
): Promise<Map<string, number>> {
  const children = families.flatMap((family) => family.children).filter((child) => child.class);
  const wanted = new Map(children.map((child) => [keyOf(child), child]));
  const ids = new Map<string, number>();
  for (const [key, child] of wanted) {
    const own = { school_id: child.school.id, code: child.class };
    const known: { id: number } | undefined = await db('classes').where(own).first('id');
    const [id = 0] = known ? [known.id] : await db('classes').insert({ ...own, label: child.class });
    ids.set(key, id);
  }
  return ids;
}

function accountRow(
  id: number,
  kind: 'guardian' | 'pupil',
  { state = 'not_notified', origin, closedAt }: Parent,
): object {
  return {
    id,
    public_id: String(id).padStart(22, '0'),
    kind,
    identifier: `a.b${id}`,
    state,
    origin: origin ?? (state === 'not_notified' ? 'none' : 'school'),
    given_name: 'Lou',
    family_name: `PARENT${id}`,
    password_kind: state === 'notified' ? 'provisional' : 'none',
    provisional_sealed: state === 'notified' ? 'x' : null,
    provisional_created_at: state === 'notified' ? at : null,
    activated_at: state === 'activated' ? at : null,
    closed_at: closedAt ?? null,
    ...stamps,
  };
}

function referenceRow(id: number, accountId: number): object {
  const person = { given_name: 'Lou', family_name: `PARENT${id}`, search_name: `PARENT${id} Lou` };
  return {
    id,
    academy_code: '99',
    degree: 1,
    source_id: String(id),
    ...person,
    account_id: accountId,
    ...stamps,
  };
}

function pupilRow(id: number, child: Child, classId: number | null): object {
  return {
    id,
    academy_code: '99',
    degree: child.school.degree,
    source_id: String(id),
    ine: child.ine === undefined ? `${String(id).padStart(9, '0')}AB` : child.ine,
    given_name: 'Ana',
    family_name: `ELEVE${id}`,
    search_name: `ELEVE${id} Ana`,
    birth_date: '2015-03-05',
    school_id: child.school.id,
    class_id: classId,
    level_code: child.level ?? null,
    level_label: child.level ?? null,
    mef_code: child.mef ? '10310019110' : null,
    mef_label: child.mef ?? null,
    account_id: child.account ? id : null,
    left_at: child.leftAt ?? null,
    ...stamps,
  };
}
