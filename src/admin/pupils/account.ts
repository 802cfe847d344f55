import { findGuardiansOf, findPupilOf } from '../../accounts/pupils-store.ts';
import { findOwnAccount } from '../../accounts/select.ts';
import { dataDates } from '../../assistance/account.ts';
import { diagnosePupil } from '../../assistance/pupil.ts';
import { listedName } from '../../directory/names.ts';
import { type Context, partOf } from '../../http/context.ts';
import { showPage } from '../../http/page.ts';
import { isRefused, resetOutcome } from '../../messages/plan.ts';
import { GUARDIANS, pathsOf } from '../address.ts';
import { helpHref } from '../families/address.ts';
import { shownCheck, shownWays } from '../families/shown.ts';
import { accountsFrame } from '../frame.ts';
import { actionsFor, passwordShown } from '../guardians/account.ts';
import { carriedQuery } from '../guardians/search.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { scopeOf } from '../visit.ts';
import { mayOpenPupil } from './pace.ts';
import type { PupilAccountPage } from './pages.ts';

/**
 * GET .../eleves/comptes/:account, in both modules: the open account of a pupil who is in this school; anything else is
 * 404. Whoever only troubleshoots sees nothing of guardians, and not the birth date, which with the sheet would
 * make him the pupil.
 */
export async function showPupilAccount(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const { deps } = door;
  const { school, module } = visit;
  const account = await findOwnAccount(deps.db, scopeOf(visit), partOf(ctx, 'account'));
  const pupil = account && (await findPupilOf(deps.db, school.id, account.id));
  if (account === null || pupil === null) return refuseForeign(door, ctx, visit, 'account');
  if (account.passwordKind === 'provisional' && !(await mayOpenPupil(door, ctx, visit, account))) return;
  const administers = module === 'administration';
  const [guardians, diagnosis, data] = await Promise.all([
    administers ? findGuardiansOf(deps.db, pupil.id) : null,
    diagnosePupil(deps, school.id, account, pupil),
    dataDates(deps, school.id),
  ]);
  const page: PupilAccountPage = {
    frame: accountsFrame(door, ctx, visit),
    listHref: pathsOf(visit).list + carriedQuery(ctx),
    name: listedName(account),
    identifier: account.identifier,
    password: await passwordShown(door, ctx, visit, account),
    email: account.email,
    emailConfirmed: account.emailVerifiedAt !== null,
    emailRefused: isRefused(account, account.email),
    origin: account.origin,
    state: account.state,
    distributedAt: account.distributedAt,
    lastLoginAt: account.lastLoginAt,
    frozenAt: account.frozenAt,
    pupil: {
      givenName: pupil.givenName,
      familyName: pupil.familyName,
      birthDate: administers ? pupil.birthDate : null,
      className: pupil.className,
      mef: pupil.mef,
      hasIne: pupil.hasIne,
    },
    showsBirthDate: administers,
    guardians:
      guardians?.map((one) => ({
        name: listedName(one),
        identifier: one.identifier,
        state: one.state,
        href: pathsOf({ school, ...GUARDIANS }).account(one.publicId),
      })) ?? null,
    data,
    diagnosis: {
      ways: shownWays(diagnosis),
      checks: diagnosis.checks.map(shownCheck),
      journalHref: administers ? helpHref(school, 'journal', { compte: account.publicId }) : null,
      attachmentsHref: null,
    },
    actions: actionsFor(door, ctx, visit, account, resetOutcome(account, { linked: false })),
  };
  showPage(deps, ctx, 'admin/pupils/account', page);
}
