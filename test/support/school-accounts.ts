import { sealProvisional } from '../../src/credentials/provisional.ts';
import type { Deps } from '../../src/deps.ts';
import { searchName } from '../../src/directory/names.ts';

/** Families of a school that is there already, written in a few statements however many they are. */

export type SchoolGuardian = {
  givenName: string;
  familyName: string;
  identifier: string;
  /** Default: « Non notifié ». `franceconnect`: « Activé » by FranceConnect alone, without a password. */
  as?: 'not_notified' | 'notified' | 'activating' | 'activated' | 'reset' | 'self' | 'franceconnect';
  /** What the directory knows. */
  email?: string | null;
  mobile?: string | null;
  distributedAt?: Date;
};

export type SchoolPupil = {
  givenName: string;
  familyName: string;
  birthDate?: string;
  class?: string | null;
  mef?: [code: string, label: string];
  ine?: string | null;
  /** Identifiers of his guardians. */
  of: string[];
  /** His own, in the second degree. `email`: confirmed unless told. */
  account?: Pick<SchoolGuardian, 'identifier' | 'as' | 'distributedAt'> & {
    email?: string;
    confirmed?: false;
  };
};

/** The provisional password of everybody who has one. */
export const PROVISIONAL = 'GVKJVPPE42';

let next = 1;

/** @returns the accounts by identifier, as the store has them */
export async function seedSchool(
  deps: Pick<Deps, 'db' | 'sealer' | 'random' | 'clock'>,
  uai: string,
  { guardians, pupils }: { guardians: readonly SchoolGuardian[]; pupils: readonly SchoolPupil[] },
): Promise<Map<string, { id: number; publicId: string }>> {
  const { db } = deps;
  const now = deps.clock.now();
  const stamps = { created_at: now, updated_at: now };
  const school = await db('schools').where({ uai }).first();
  const base = { academy_code: school.academy_code, degree: school.degree, ...stamps };
  const run = next++;
  if (guardians.length > 0)
    await db('accounts').insert(
      guardians.map((one) => ({ ...accountRow(deps, one, now), kind: 'guardian' })),
    );
  const own = pupils.flatMap(({ givenName, familyName, account }) =>
    account ? [pupilAccountRow(deps, { ...account, givenName, familyName }, now)] : [],
  );
  if (own.length > 0) await db('accounts').insert(own);
  const wanted = [
    ...new Set([
      ...guardians.map((one) => one.identifier),
      ...pupils.flatMap((one) => [...one.of, ...(one.account ? [one.account.identifier] : [])]),
    ]),
  ];
  const accounts: { id: number; publicId: string; identifier: string }[] = await db('accounts')
    .whereIn('identifier', wanted)
    .select({ id: 'id', publicId: 'public_id', identifier: 'identifier' });
  const byIdentifier = new Map(accounts.map((one) => [one.identifier, one]));
  const idOf = (identifier: string) => Number(byIdentifier.get(identifier)?.id);
  if (guardians.length > 0)
    await db('guardian_references').insert(
      guardians.map((one) => ({
        ...base,
        source_id: `${run}-${one.identifier}`,
        given_name: one.givenName,
        family_name: one.familyName,
        search_name: searchName(one.familyName, one.givenName),
        email: one.email ?? null,
        mobile: one.mobile ?? null,
        account_id: idOf(one.identifier),
      })),
    );
  const linked = guardians.filter((one) => one.as === 'franceconnect');
  if (linked.length > 0)
    await db('account_franceconnect').insert(
      linked.map((one) => ({
        account_id: idOf(one.identifier),
        issuer: 'https://fc.example.org',
        sub: `sub-${one.identifier}`,
        linked_at: now,
      })),
    );
  const labels = [...new Set(pupils.flatMap((one) => one.class ?? []))];
  const classes = new Map<string, number>();
  if (labels.length > 0) {
    await db('classes')
      .insert(labels.map((label) => ({ school_id: school.id, code: label, label })))
      .onConflict()
      .ignore();
    for (const row of await db('classes').where({ school_id: school.id })) classes.set(row.label, row.id);
  }
  await db('pupils').insert(
    pupils.map((one, index) => ({
      ...base,
      source_id: `${run}-${index}`,
      ine:
        one.ine === undefined
          ? `${String(run).padStart(4, '0')}${String(index).padStart(5, '0')}ZZ`
          : one.ine,
      given_name: one.givenName,
      family_name: one.familyName,
      search_name: searchName(one.familyName, one.givenName),
      birth_date: one.birthDate ?? '2017-03-09',
      school_id: school.id,
      class_id: one.class ? classes.get(one.class) : null,
      mef_code: one.mef?.[0] ?? null,
      mef_label: one.mef?.[1] ?? null,
      account_id: one.account ? idOf(one.account.identifier) : null,
    })),
  );
  const made = await db('pupils').where('source_id', 'like', `${run}-%`).where({ school_id: school.id });
  const references = await db('guardian_references').whereIn(
    'account_id',
    accounts.map(({ id }) => id),
  );
  const referenceOf = new Map(references.map((row) => [Number(row.account_id), row.id]));
  const links = made.flatMap((row) => {
    const pupil = pupils[Number(String(row.source_id).split('-')[1])];
    return (pupil?.of ?? []).map((identifier) => ({
      guardian_reference_id: referenceOf.get(idOf(identifier)),
      pupil_id: row.id,
      created_at: now,
    }));
  });
  if (links.length > 0) await db('legal_links').insert(links);
  return byIdentifier;
}

function pupilAccountRow(
  deps: Pick<Deps, 'sealer' | 'random'>,
  {
    email,
    confirmed,
    ...one
  }: Pick<SchoolGuardian, 'givenName' | 'familyName'> & NonNullable<SchoolPupil['account']>,
  now: Date,
) {
  const address = { email: email ?? null, email_verified_at: email && confirmed !== false ? now : null };
  return { ...accountRow(deps, one, now), kind: 'pupil', ...address };
}

function accountRow(deps: Pick<Deps, 'sealer' | 'random'>, one: SchoolGuardian, now: Date) {
  const publicId = deps.random.bytes(16).toString('base64url');
  const { as = 'not_notified' } = one;
  const distributedAt = one.distributedAt ?? now;
  const provisional = {
    password_kind: 'provisional',
    provisional_sealed: sealProvisional(deps, publicId, PROVISIONAL),
    provisional_created_at: distributedAt,
  };
  const personal = { password_kind: 'personal', password_hash: 'of nobody', password_changed_at: now };
  const school = { origin: 'school', distributed_at: distributedAt };
  const activated = { state: 'activated', activated_at: now, last_login_at: now };
  const none = {
    state: 'not_notified',
    origin: 'none',
    distributed_at: null,
    activated_at: null,
    last_login_at: null,
    password_kind: 'none',
    password_hash: null,
    password_changed_at: null,
    provisional_sealed: null,
    provisional_created_at: null,
  };
  const states: Record<NonNullable<SchoolGuardian['as']>, object> = {
    not_notified: {},
    notified: { state: 'notified', ...school, ...provisional },
    activating: { state: 'activating', ...school, ...personal, last_login_at: now },
    activated: { ...activated, ...school, ...personal },
    reset: { ...activated, ...school, ...provisional },
    self: { ...activated, origin: 'guardian', ...personal },
    franceconnect: { ...activated, origin: 'franceconnect' },
  };
  return {
    public_id: publicId,
    identifier: one.identifier,
    given_name: one.givenName,
    family_name: one.familyName,
    created_at: now,
    updated_at: now,
    ...none,
    ...states[as],
  };
}
