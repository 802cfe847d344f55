import { insertAccounts } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/types.ts';
import type { Deps } from '../../src/deps.ts';
import { searchName } from '../../src/directory/names.ts';
import { contentContext } from '../../src/messages/outbox.ts';
import { found } from './family.ts';

export type SeedChild = {
  givenName?: string;
  familyName?: string;
  birthDate?: string | null;
  /** Default: one of his own; null: none. */
  ine?: string | null;
  left?: boolean;
};

export type SeedGuardian = {
  givenName?: string;
  familyName?: string;
  birthName?: string | null;
  title?: string | null;
  mobile?: string | null;
  email?: string | null;
  degree?: 1 | 2;
  academy?: string;
  /** Default: an account of its own, « Non notifié ». */
  account?: Account;
  /** Pupils of another record that this one leads to as well. */
  pupilIds?: number[];
  children?: SeedChild[];
};

export type Seeded = { account: Account; referenceId: number; pupilIds: number[] };

let next = 1;

/** A record of the directory with its account and children, as an import leaves them. */
export async function seedGuardian(deps: Deps, guardian: SeedGuardian = {}): Promise<Seeded> {
  const number = next++;
  const now = deps.clock.now();
  const stamps = { created_at: now, updated_at: now };
  const { degree = 1, academy = '98' } = guardian;
  const names = { givenName: guardian.givenName ?? 'Claire', familyName: guardian.familyName ?? 'MARTIN' };
  const account = guardian.account ?? (await seedAccount(deps, names, number));
  const [schoolId] = await deps.db('schools').insert({
    uai: `98${String(number).padStart(5, '0')}Y`,
    academy_code: academy,
    academy_name: 'INVENTEE',
    degree,
    source_id: `school-${number}`,
    name: 'ECOLE DES TILLEULS',
    ...stamps,
  });
  const [referenceId] = await deps.db('guardian_references').insert({
    academy_code: academy,
    degree,
    source_id: `guardian-${number}`,
    title: guardian.title ?? null,
    given_name: names.givenName,
    family_name: names.familyName,
    birth_name: guardian.birthName ?? null,
    search_name: searchName(names.familyName, names.givenName),
    mobile: guardian.mobile ?? null,
    email: guardian.email ?? null,
    account_id: account.id,
    ...stamps,
  });
  const pupilIds = [...(guardian.pupilIds ?? [])];
  for (const [index, child] of (guardian.children ?? [{}]).entries()) {
    const [pupilId] = await deps.db('pupils').insert({
      academy_code: academy,
      degree,
      source_id: `pupil-${number}-${index}`,
      ine:
        child.ine === undefined
          ? `${String(number).padStart(7, '0')}${String(index).padStart(2, '0')}CC`
          : child.ine,
      given_name: child.givenName ?? 'Léa',
      family_name: child.familyName ?? names.familyName,
      search_name: searchName(child.familyName ?? names.familyName, child.givenName ?? 'Léa'),
      birth_date: child.birthDate === undefined ? '2016-05-14' : child.birthDate,
      school_id: schoolId,
      left_at: child.left ? now : null,
      ...stamps,
    });
    pupilIds.push(Number(pupilId));
  }
  for (const pupilId of pupilIds)
    await deps
      .db('legal_links')
      .insert({ guardian_reference_id: referenceId, pupil_id: pupilId, created_at: now });
  return { account, referenceId: Number(referenceId), pupilIds };
}

async function seedAccount(
  deps: Deps,
  names: { givenName: string; familyName: string },
  number: number,
): Promise<Account> {
  const publicId = deps.random.bytes(16).toString('base64url');
  const identifier = `x.guardian${number}`;
  await insertAccounts(deps.db, [{ publicId, kind: 'guardian', identifier, ...names }], deps.clock.now());
  return found(deps, identifier);
}

/** The account as it is now, closed or not. */
export async function accountNow(deps: Pick<Deps, 'db'>, id: number) {
  return deps.db('accounts').where({ id }).first();
}

/** The code of the last SMS that waits for this number; null: none does. */
export async function codeFor(deps: Pick<Deps, 'db' | 'sealer'>, mobile: string): Promise<string | null> {
  const row = await deps
    .db('outbox_messages')
    .where({ channel: 'sms', recipient: mobile, template: 'code', state: 'waiting' })
    .orderBy('id', 'desc')
    .first();
  if (row === undefined) return null;
  const { text } = JSON.parse(deps.sealer.open(row.content_sealed, contentContext(row.unique_key)));
  return /\d{6}/.exec(text)?.[0] ?? null;
}
