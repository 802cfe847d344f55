import { findOwnAccount } from '../../accounts/select.ts';
import type { Account } from '../../accounts/types.ts';
import { listedName } from '../../directory/names.ts';
import { maySchoolResend, resendActivationBySchool } from '../../enrolment/activation.ts';
import { type Context, partOf } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { notify } from '../../messages/notify.ts';
import { findLinked } from '../../messages/notify-store.ts';
import { resetOutcome } from '../../messages/plan.ts';
import { resetPasswords } from '../../messages/reset.ts';
import { pathsOf } from '../address.ts';
import { accountsFrame } from '../frame.ts';
import { carriedQuery } from '../guardians/search.ts';
import { mayOpenPupil } from '../pupils/pace.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, csrfOf, peopleOf, scopeOf } from '../visit.ts';
import type { Act, ActivationPage, ConfirmPage } from './pages.ts';
import { onceOf, sentOnce } from './visit.ts';

/** The three actions of the page of one account: each with a page that asks first. */

type Named = SchoolVisit & { account: Account };

/** The account of the address, when it is one of this school's; else 404. */
function ofSchool(
  handle: (door: AdminDoor, ctx: Context, visit: Named) => Promise<void>,
): (door: AdminDoor, ctx: Context, visit: SchoolVisit) => Promise<void> {
  return async (door, ctx, visit) => {
    const { db, config } = door.deps;
    const strict = { withoutSettled: config.STRICT_SECOND_DEGREE };
    const account = await findOwnAccount(db, scopeOf(visit), partOf(ctx, 'account'), strict);
    if (account === null) return refuseForeign(door, ctx, visit, 'account');
    return handle(door, ctx, { ...visit, account });
  };
}

/** GET /comptes/:account/notifier?action=sheet|email[&with-reset=1] */
export const askNotice = ofSchool((door, ctx, visit) => {
  const act = ctx.query.action === 'email' ? 'email' : 'sheet';
  return ask(door, ctx, visit, act, ctx.query['with-reset'] === '1');
});

/** GET /comptes/:account/reinitialiser */
export const askReset = ofSchool((door, ctx, visit) => ask(door, ctx, visit, 'reset', true));

/** POST /comptes/:account/notifier */
export const notifyOne = ofSchool(async (door, ctx, visit) => {
  const channel = field(ctx, 'action') === 'email' ? 'email' : 'sheet';
  const withReset = field(ctx, 'with-reset') === '1';
  const formKey = sentOnce(ctx);
  // From a menu of the account's page: asked first.
  if (formKey === null) return ask(door, ctx, visit, channel, withReset);
  if (!(await mayOpenPupil(door, ctx, visit, visit.account))) return;
  const result = await notify(door.deps, { ...one(ctx, visit), formKey, channel, withReset });
  if (!result.ok) return refuseForeign(door, ctx, visit, 'account');
  seeOther(ctx, pathsOf(visit).batch(result.batch) + carriedQuery(ctx));
});

/** POST /comptes/:account/reinitialiser */
export const resetOne = ofSchool(async (door, ctx, visit) => {
  const formKey = sentOnce(ctx);
  if (formKey === null) return ask(door, ctx, visit, 'reset', true);
  if (!(await mayOpenPupil(door, ctx, visit, visit.account))) return;
  const result = await resetPasswords(door.deps, { ...one(ctx, visit), formKey });
  if (!result.ok) return refuseForeign(door, ctx, visit, 'account');
  seeOther(ctx, pathsOf(visit).batch(result.batch) + carriedQuery(ctx));
});

const one = (ctx: Context, visit: Named) => ({
  schoolId: visit.school.id,
  of: visit.of,
  accountIds: [visit.account.id],
  single: true,
  actor: actorOf(ctx, visit),
});

async function ask(door: AdminDoor, ctx: Context, visit: Named, act: Act, withReset: boolean): Promise<void> {
  const { deps } = door;
  const { account } = visit;
  const paths = pathsOf(visit);
  const here = paths.account(account.publicId);
  const carried = carriedQuery(ctx);
  const linked = (await findLinked(deps.db, [account.id])).has(account.id);
  const outcome = resetOutcome(account, { linked });
  // The page of an account offers no reset that cannot be: what the list would warn of is left out here.
  const resets = withReset && outcome === 'done';
  const once = await onceOf(
    door,
    visit,
    [act, String(resets)],
    [{ name: 'account', value: account.publicId }],
  );
  const page: ConfirmPage = {
    frame: accountsFrame(door, ctx, visit),
    people: peopleOf(visit),
    act,
    single: { name: listedName(account), identifier: account.identifier },
    withReset: act !== 'reset' && resets,
    accounts: 1,
    action: `${here}/${act === 'reset' ? 'reinitialiser' : 'notifier'}${carried}`,
    csrf: csrfOf(door, ctx),
    hidden: [
      { name: 'action', value: act },
      ...(act !== 'reset' && resets ? [{ name: 'with-reset', value: '1' }] : []),
      { name: 'once', value: once },
    ],
    cancelHref: here + carried,
    changed: false,
    refusal: withReset && outcome !== 'done' ? outcome : null,
  };
  showPage(deps, ctx, 'admin/distribution/confirm', page);
}

/** GET /comptes/:account/activation */
export const askActivation = ofSchool(async (door, ctx, visit) => {
  const sent = ctx.query.avis === 'envoye';
  showActivation(door, ctx, visit, { email: visit.account.email ?? '', sent, errors: [] });
});

/** POST /comptes/:account/activation */
export const sendActivationAgain = ofSchool(async (door, ctx, visit) => {
  const { account, school } = visit;
  const email = field(ctx, 'email');
  const request = { accountId: account.id, address: email, schoolId: school.id, actor: actorOf(ctx, visit) };
  const result = await resendActivationBySchool(door.deps, request);
  if (result.ok) {
    const carried = carriedQuery(ctx);
    const query = carried === '' ? '?avis=envoye' : `${carried}&avis=envoye`;
    return seeOther(ctx, `${pathsOf(visit).account(account.publicId)}/activation${query}`);
  }
  const { reason } = result;
  const errors = reason === 'not-activating' ? [] : [{ field: 'email' as const, reason }];
  showActivation(door, ctx, visit, { email, sent: false, errors }, 400);
});

function showActivation(
  door: AdminDoor,
  ctx: Context,
  visit: Named,
  shown: Pick<ActivationPage, 'email' | 'sent' | 'errors'>,
  status = 200,
): void {
  const { account } = visit;
  const here = pathsOf(visit).account(account.publicId);
  const carried = carriedQuery(ctx);
  const page: ActivationPage = {
    frame: accountsFrame(door, ctx, visit),
    single: { name: listedName(account), identifier: account.identifier },
    action: `${here}/activation${carried}`,
    csrf: csrfOf(door, ctx),
    cancelHref: here + carried,
    refusal: maySchoolResend(account) ? null : 'not-activating',
    ...shown,
  };
  showPage(door.deps, ctx, 'admin/distribution/activation', page, status);
}
