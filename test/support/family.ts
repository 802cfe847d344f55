import { findAccountByIdentifier, insertAccounts, updateProvisionals } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import { sealProvisional } from '../../src/credentials/provisional.ts';
import type { Deps } from '../../src/deps.ts';

export type Child = { givenName: string; familyName: string; birthDate: string | null };
export type Family = {
  identifier: string;
  givenName?: string;
  familyName?: string;
  children?: Child[];
  /** What the school knows. */
  email?: string | null;
  /** Given: « Notifié et non activé » with this provisional password. */
  provisional?: string;
};

export const LUCIE: Child = { givenName: 'Lucie', familyName: 'ZOUMN', birthDate: '2017-03-09' };

let next = 1;

/** A guardian of one reference, his children in one invented school, as an import leaves them. */
export async function seedFamily(deps: Deps, family: Family): Promise<Account> {
  const now = deps.clock.now();
  const number = next++;
  const stamps = { created_at: now, updated_at: now };
  const names = { givenName: family.givenName ?? 'Guillaume', familyName: family.familyName ?? 'ZOUMN' };
  const publicId = deps.random.bytes(16).toString('base64url');
  await insertAccounts(
    deps.db,
    [{ publicId, kind: 'guardian', identifier: family.identifier, ...names }],
    now,
  );
  const account = await found(deps, family.identifier);
  const [schoolId] = await deps.db('schools').insert({
    uai: `999${String(number).padStart(4, '0')}X`,
    academy_code: '99',
    academy_name: 'INVENTEE',
    degree: 1,
    source_id: `school-${number}`,
    name: 'E.E.PU-DES TILLEULS',
    ...stamps,
  });
  const [referenceId] = await deps.db('guardian_references').insert({
    academy_code: '99',
    degree: 1,
    source_id: `guardian-${number}`,
    given_name: names.givenName,
    family_name: names.familyName,
    search_name: `${names.familyName} ${names.givenName}`,
    email: family.email ?? null,
    account_id: account.id,
    ...stamps,
  });
  for (const [index, child] of (family.children ?? [LUCIE]).entries()) {
    const [pupilId] = await deps.db('pupils').insert({
      academy_code: '99',
      degree: 1,
      source_id: `pupil-${number}-${index}`,
      ine: `${String(number).padStart(8, '0')}${index}AA`,
      given_name: child.givenName,
      family_name: child.familyName,
      search_name: `${child.familyName} ${child.givenName}`,
      birth_date: child.birthDate,
      school_id: schoolId,
      ...stamps,
    });
    await deps
      .db('legal_links')
      .insert({ guardian_reference_id: referenceId, pupil_id: pupilId, created_at: now });
  }
  if (family.provisional) {
    const sealed = sealProvisional(deps, publicId, family.provisional);
    const state = { state: 'notified', origin: 'school', distributedAt: now } as const;
    await updateProvisionals(deps.db, [{ id: account.id, sealed }], state, now);
  }
  return found(deps, family.identifier);
}

/** The account as it is now. */
export async function found(deps: Pick<Deps, 'db'>, identifier: string): Promise<Account> {
  const account = await findAccountByIdentifier(deps.db, identifier);
  if (!account) throw new Error(`no account ${identifier}`);
  return account;
}
