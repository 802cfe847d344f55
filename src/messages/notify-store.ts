import type { AccountKind } from '../accounts/types.ts';
import type { Actor } from '../audit/record.ts';
import { chunksOf } from '../db/batch.ts';
import type { Database, Transaction } from '../deps.ts';
import { ofPopulation } from '../directory/population-store.ts';
import { linkedPupils, recordedPupils } from '../directory/store.ts';
import type { Channel } from './choice.ts';
import type { Plan } from './plan.ts';

export type School = { id: number; uai: string; name: string; town: string | null; degree: 1 | 2 };

/** A guardian's account with one of the pupils through whom the school may notify it, or a pupil's own with himself. */
export type Recipient = {
  accountId: number;
  pupilGivenName: string;
  pupilFamilyName: string;
  classCode: string | null;
  classLabel: string | null;
};

export type Child = { accountId: number; givenName: string; familyName: string };

const SCHOOL_COLUMNS = ['id', 'uai', 'name', 'town', 'degree'] as const;

export async function findSchool(db: Database, uai: string): Promise<School | null> {
  return (
    (await db('schools')
      .select(...SCHOOL_COLUMNS)
      .where({ uai })
      .first()) ?? null
  );
}

export async function findSchoolById(db: Database, id: number): Promise<School | null> {
  return (
    (await db('schools')
      .select(...SCHOOL_COLUMNS)
      .where({ id })
      .first()) ?? null
  );
}

/** Living accounts of the legal guardians of the school's pupils, one row a pupil; closed ones are out of reach. */
function recipientsOf(pupils: ReturnType<typeof linkedPupils>, school: Pick<School, 'id'>) {
  return pupils
    .join('accounts as a', 'a.id', 'g.account_id')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where({ 'p.school_id': school.id, 'a.kind': 'guardian' })
    .whereNull('a.closed_at')
    .select(RECIPIENT);
}

const RECIPIENT = {
  accountId: 'a.id',
  pupilGivenName: 'p.given_name',
  pupilFamilyName: 'p.family_name',
  classCode: 'c.code',
  classLabel: 'c.label',
};

/** Living accounts of pupils who are in the school. */
function pupilsThemselves(db: Database, school: Pick<School, 'id'>) {
  return db('pupils as p')
    .join('accounts as a', 'a.id', 'p.account_id')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where({ 'p.school_id': school.id, 'a.kind': 'pupil' })
    .whereNull('p.left_at')
    .whereNull('a.closed_at')
    .select(RECIPIENT);
}

/** All of the school through whose pupils it may notify. */
export async function findRecipients(db: Database, school: School): Promise<Recipient[]> {
  return recipientsOf(linkedPupils(db), school).modify(ofPopulation);
}

/**
 * Those of these accounts that the school may reach; others have no row. Also whoever says that the pupil is not his: it
 * is the school that has to look at it.
 */
export async function findRecipientsAmong(
  db: Database,
  school: Pick<School, 'id'>,
  accountIds: readonly number[],
  of: AccountKind,
): Promise<Recipient[]> {
  const found: Recipient[] = [];
  for (const ids of chunksOf(accountIds)) {
    const rows: Recipient[] =
      of === 'pupil'
        ? await pupilsThemselves(db, school).whereIn('p.account_id', ids)
        : await recipientsOf(recordedPupils(db), school).whereIn('g.account_id', ids);
    found.push(...rows);
  }
  return found;
}

/** All children of the accounts, other schools' too, in the order of their birth (R-132). */
export async function findChildren(db: Database, accountIds: readonly number[]): Promise<Child[]> {
  const children: Child[] = [];
  for (const part of chunksOf(accountIds)) {
    const rows: Child[] = await linkedPupils(db)
      .whereIn('g.account_id', part)
      .orderBy(['p.birth_date', 'p.given_name', 'p.id'])
      .distinct({
        accountId: 'g.account_id',
        pupilId: 'p.id',
        givenName: 'p.given_name',
        familyName: 'p.family_name',
        birthDate: 'p.birth_date',
      });
    children.push(...rows);
  }
  return children;
}

/** Which of these accounts FranceConnect is linked to. */
export async function findLinked(db: Database, accountIds: readonly number[]): Promise<Set<number>> {
  const linked = new Set<number>();
  for (const ids of chunksOf(accountIds)) {
    const rows: number[] = await db('account_franceconnect').whereIn('account_id', ids).pluck('account_id');
    for (const id of rows) linked.add(id);
  }
  return linked;
}

export type NewBatch = {
  publicId: string;
  schoolId: number;
  /** Whose accounts. */
  of: AccountKind;
  channel: Channel | 'reset';
  withReset: boolean;
  /** One account was asked for from its own page. */
  single: boolean;
  /** The letters are many: they are made beside the requests. */
  lettersAside: boolean;
  formKey: string | null;
  actor: Actor;
  now: Date;
};

/** @returns its id. @throws the duplicate of another batch of this school with the same form key */
export async function insertBatch(trx: Transaction, batch: NewBatch): Promise<number> {
  const [id = 0] = await trx('notification_batches').insert({
    public_id: batch.publicId,
    school_id: batch.schoolId,
    account_kind: batch.of,
    channel: batch.channel,
    with_reset: batch.withReset ? 1 : 0,
    single_account: batch.single ? 1 : 0,
    ...(batch.lettersAside ? { pdf_state: 'waiting', pdf_due_at: batch.now } : {}),
    form_key: batch.formKey,
    actor_kind: batch.actor.actorKind,
    actor: batch.actor.actor ?? null,
    created_at: batch.now,
  });
  return id;
}

/** What became of each account. @param messageIds of the mails that were queued */
export async function insertResults(
  trx: Transaction,
  batchId: number,
  plans: readonly Plan[],
  messageIds: ReadonlyMap<number, string>,
): Promise<void> {
  for (const part of chunksOf(plans)) {
    const rows = part.map(({ before: { id }, message, outcome, reset }) => ({
      batch_id: batchId,
      account_id: id,
      message,
      outcome,
      reset,
      delivery: messageIds.has(id) ? 'waiting' : null,
      message_id: messageIds.get(id) ?? null,
    }));
    await trx('notification_results').insert(rows);
  }
}

/** The batch that this form has made before. */
export async function findBatchOfForm(
  db: Database,
  schoolId: number,
  formKey: string,
): Promise<string | null> {
  const row: { publicId: string } | undefined = await db('notification_batches')
    .select({ publicId: 'public_id' })
    .where({ school_id: schoolId, form_key: formKey })
    .first();
  return row?.publicId ?? null;
}

/** The latest batch of the school: what a form that follows it is bound to. */
export async function findLatestBatch(db: Database, schoolId: number): Promise<string | null> {
  const row: { publicId: string } | undefined = await db('notification_batches')
    .select({ publicId: 'public_id' })
    .where({ school_id: schoolId })
    .orderBy('id', 'desc')
    .first();
  return row?.publicId ?? null;
}
