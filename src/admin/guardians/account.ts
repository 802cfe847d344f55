import { isSettled } from '../../accounts/guardian-filters.ts';
import { findLinkedAt } from '../../accounts/guardians-store.ts';
import { findOwnAccount } from '../../accounts/select.ts';
import type { Account } from '../../accounts/types.ts';
import { dataDates } from '../../assistance/account.ts';
import { recordAudit } from '../../audit/record.ts';
import { openProvisional, provisionalExpiresAt } from '../../credentials/provisional.ts';
import { knownEmails, knownMobiles } from '../../directory/contact-store.ts';
import { findRecordedPupils } from '../../directory/family-store.ts';
import { listedName } from '../../directory/names.ts';
import { readableMobile } from '../../directory/phone.ts';
import { type Context, partOf } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { addressOf } from '../../messages/letter.ts';
import { isRefused, type ResetOutcome, resetOutcome } from '../../messages/plan.ts';
import { pathsOf } from '../address.ts';
import { accountDiagnosis } from '../families/diagnosis.ts';
import { frameOf } from '../frame.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, csrfOf, scopeOf } from '../visit.ts';
import type { AccountActions, AccountPage, ShownPassword } from './pages.ts';
import { carriedQuery } from './search.ts';

/** « Consulter le compte ». */

/**
 * GET /admin/etablissements/:uai/comptes/:account: an open account of a guardian of a pupil who is in this school;
 * anything else is 404. The address carries the search of the list that led here, for the way back.
 */
export async function showAccount(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { deps } = door;
  const { school, staff } = visit;
  const account = await findOwnAccount(deps.db, scopeOf(visit), partOf(ctx, 'account'));
  if (account === null) return refuseForeign(door, ctx, visit, 'account');
  const { id } = account;
  const [linkedAt, mobiles, emails, pupils, diagnosis, data] = await Promise.all([
    findLinkedAt(deps.db, id),
    knownMobiles(deps.db, id),
    knownEmails(deps.db, [id]),
    findRecordedPupils(deps.db, id),
    accountDiagnosis(door, school, account),
    dataDates(deps, school.id),
  ]);
  const directoryEmail = emails.get(id) ?? null;
  const page: AccountPage = {
    frame: frameOf(door, ctx, staff, { module: 'administration', school, current: 'guardians' }),
    degree: school.degree,
    listHref: pathsOf(visit).list + carriedQuery(ctx),
    name: listedName(account),
    identifier: account.identifier,
    password: await passwordShown(door, ctx, visit, account),
    email: account.email ?? directoryEmail,
    emailRefused: isRefused(account, account.email ?? directoryEmail),
    directoryEmail: account.email === null || account.email === directoryEmail ? null : directoryEmail,
    mailsToDirectory: account.email !== null && addressOf(account, emails) !== account.email,
    mobiles: mobiles.map(readableMobile),
    origin: account.origin,
    state: account.state,
    distributedAt: account.distributedAt,
    lastLoginAt: account.lastLoginAt,
    linkedAt,
    frozenAt: account.frozenAt,
    here: pupils.filter(({ schoolId }) => schoolId === school.id),
    elsewhere: pupils
      .filter(({ schoolId }) => schoolId !== school.id)
      .map((pupil) => ({ ...pupil, school: `${pupil.uai} - ${pupil.school}` })),
    data,
    diagnosis,
    actions: actionsOf(door, ctx, visit, account, linkedAt !== null),
  };
  showPage(deps, ctx, 'admin/guardians/account', page);
}

/** What is shown of the password. One in clear is seen once a page, and the trail knows by whom. */
export async function passwordShown(
  { deps }: AdminDoor,
  ctx: Context,
  { school, staff }: SchoolVisit,
  account: Account,
): Promise<ShownPassword> {
  const until = provisionalExpiresAt(deps.config, account);
  const plain = openProvisional(deps, account);
  if (until === null || plain === null) {
    if (account.passwordKind === 'personal') return { kind: 'personal' };
    return { kind: account.state === 'not_notified' ? 'hidden' : 'none' };
  }
  await recordAudit(deps.db, {
    ...actorOf(ctx, { staff }),
    at: deps.clock.now(),
    event: 'show-password',
    outcome: 'done',
    accountId: account.id,
    schoolId: school.id,
    details: `version ${account.credentialsVersion}`,
  });
  return { kind: 'provisional', plain, until, expired: until <= deps.clock.now() };
}

/** What may be done to an account in its state (R-109, R-110, X14). */
function actionsOf(
  door: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
  account: Account,
  linked: boolean,
): AccountActions | null {
  const strict = door.deps.config.STRICT_SECOND_DEGREE && visit.school.degree === 2;
  if (strict && isSettled(account.origin)) return null;
  return actionsFor(door, ctx, visit, account, resetOutcome(account, { linked }));
}

/** The same once it is known that something may. */
export function actionsFor(
  door: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
  account: Account,
  reset: ResetOutcome,
): AccountActions {
  const here = pathsOf(visit).account(account.publicId);
  const carried = carriedQuery(ctx);
  return {
    csrf: csrfOf(door, ctx),
    notifyHref: `${here}/notifier${carried}`,
    resetHref: reset === 'done' ? `${here}/reinitialiser${carried}` : null,
    noPassword: reset === 'no-password',
    activationHref: account.state === 'activating' ? `${here}/activation${carried}` : null,
  };
}
