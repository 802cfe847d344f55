import type { Knex } from 'knex';
import type { Actor } from '../audit/record.ts';
import { chunksOf } from '../db/batch.ts';
import type { Database } from '../deps.ts';
import { linkedPupils } from '../directory/store.ts';
import type { Channel, CredentialMessage } from './choice.ts';

export type School = { id: number; uai: string; name: string; town: string | null; degree: 1 | 2 };

/** A guardian's account with one of the pupils through whom the school may notify it. */
export type Recipient = {
  accountId: number;
  pupilGivenName: string;
  pupilFamilyName: string;
  classCode: string | null;
  classLabel: string | null;
};

export type Child = { accountId: number; givenName: string; familyName: string };

export async function findSchool(db: Database, uai: string): Promise<School | null> {
  const row = await db('schools').select('id', 'uai', 'name', 'town', 'degree').where({ uai }).first();
  return row ?? null;
}

/**
 * Accounts of the legal guardians of the school's pupils, one row a pupil. A pupil counts when he is present, has an
 * INE and, in the first degree, a class; closed accounts are out of reach.
 */
export async function findRecipients(db: Database, school: School): Promise<Recipient[]> {
  const query = linkedPupils(db)
    .join('accounts as a', 'a.id', 'g.account_id')
    .leftJoin('classes as c', 'c.id', 'p.class_id')
    .where({ 'p.school_id': school.id, 'a.kind': 'guardian' })
    .whereNotNull('p.ine')
    .whereNull('a.closed_at')
    .select({
      accountId: 'a.id',
      pupilGivenName: 'p.given_name',
      pupilFamilyName: 'p.family_name',
      classCode: 'c.code',
      classLabel: 'c.label',
    });
  if (school.degree === 1) query.whereNotNull('p.class_id');
  return query;
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

/** The batch and, once per account, what it was sent. @returns the batch's id */
export async function insertNotificationBatch(
  trx: Knex.Transaction,
  batch: { schoolId: number; channel: Channel; actor: Actor; now: Date },
  results: readonly { accountId: number; message: CredentialMessage }[],
): Promise<number> {
  const [batchId = 0] = await trx('notification_batches').insert({
    school_id: batch.schoolId,
    channel: batch.channel,
    actor_kind: batch.actor.actorKind,
    actor: batch.actor.actor ?? null,
    created_at: batch.now,
  });
  for (const part of chunksOf(results)) {
    const rows = part.map(({ accountId, message }) => ({
      batch_id: batchId,
      account_id: accountId,
      message,
    }));
    await trx('notification_results').insert(rows);
  }
  return batchId;
}
