import type { Knex } from 'knex';
import type { AccountOrigin, AccountState, PasswordKind } from '../../src/accounts/types.ts';

const now = new Date('2026-09-01T06:00:00Z');
let last = 0;

/** A school of invented people; returns its id. */
export async function insertSchool(
  db: Knex,
  school: { uai: string; name?: string; degree?: 1 | 2 },
): Promise<number> {
  const [id = 0] = await db('schools').insert({
    uai: school.uai,
    academy_code: '16',
    academy_name: 'Toulouse',
    degree: school.degree ?? 1,
    source_id: school.uai,
    name: school.name ?? 'E.E.PU LES TILLEULS',
    town: 'Saint-Exemple',
    created_at: now,
    updated_at: now,
  });
  return id;
}

export async function insertClass(db: Knex, schoolId: number, label: string): Promise<number> {
  const [id = 0] = await db('classes').insert({ school_id: schoolId, code: label, label });
  return id;
}

export async function insertPupil(
  db: Knex,
  pupil: {
    schoolId: number;
    classId?: number | null;
    givenName: string;
    familyName: string;
    ine?: string | null;
    degree?: 1 | 2;
    birthDate?: string;
    leftAt?: Date;
  },
): Promise<number> {
  last += 1;
  const number = last;
  const [id = 0] = await db('pupils').insert({
    academy_code: '16',
    degree: pupil.degree ?? 1,
    source_id: `p${number}`,
    ine: pupil.ine === undefined ? `${String(number).padStart(9, '0')}AA` : pupil.ine,
    given_name: pupil.givenName,
    family_name: pupil.familyName,
    search_name: `${pupil.familyName} ${pupil.givenName}`.slice(0, 250),
    birth_date: pupil.birthDate ?? '2018-04-02',
    school_id: pupil.schoolId,
    class_id: pupil.classId ?? null,
    left_at: pupil.leftAt ?? null,
    created_at: now,
    updated_at: now,
  });
  return id;
}

export type AccountSample = {
  identifier: string;
  givenName: string;
  familyName: string;
  state?: AccountState;
  origin?: AccountOrigin;
  passwordKind?: PasswordKind;
  provisionalSealed?: string;
  provisionalCreatedAt?: Date;
  distributedAt?: Date;
  publicId?: string;
  closedAt?: Date;
  frozenAt?: Date;
  email?: string;
  emailVerifiedAt?: Date;
  /** The address that the school knows. */
  knownEmail?: string;
};

/** A guardian's account with one directory record, bound to the pupils. */
export async function insertGuardian(db: Knex, account: AccountSample, pupilIds: number[]): Promise<number> {
  last += 1;
  const number = last;
  const state = account.state ?? 'not_notified';
  const kind = account.passwordKind ?? 'none';
  const [id = 0] = await db('accounts').insert({
    public_id: account.publicId ?? `public-${String(number).padStart(15, '0')}`,
    kind: 'guardian',
    identifier: account.identifier,
    state,
    origin: account.origin ?? (state === 'not_notified' ? 'none' : 'school'),
    given_name: account.givenName,
    family_name: account.familyName,
    password_kind: kind,
    password_hash: kind === 'personal' ? '$argon2id$v=19$m=1024,t=1,p=1$x$y' : null,
    provisional_sealed: account.provisionalSealed ?? null,
    provisional_created_at: account.provisionalCreatedAt ?? null,
    distributed_at: account.distributedAt ?? null,
    activated_at: state === 'activated' ? now : null,
    closed_at: account.closedAt ?? null,
    frozen_at: account.frozenAt ?? null,
    email: account.email ?? null,
    email_verified_at: account.emailVerifiedAt ?? null,
    created_at: now,
    updated_at: now,
  });
  const [referenceId = 0] = await db('guardian_references').insert({
    academy_code: '16',
    degree: 1,
    source_id: `g${number}`,
    given_name: account.givenName,
    family_name: account.familyName,
    search_name: `${account.familyName} ${account.givenName}`.slice(0, 250),
    account_id: id,
    email: account.knownEmail ?? null,
    created_at: now,
    updated_at: now,
  });
  for (const pupilId of pupilIds) {
    await db('legal_links').insert({
      guardian_reference_id: referenceId,
      pupil_id: pupilId,
      created_at: now,
    });
  }
  return id;
}
