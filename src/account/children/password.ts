import { newToken } from '../../crypto/digests.ts';
import { plainSchoolName } from '../../directory/names.ts';
import { type Context, visitor } from '../../http/context.ts';
import { Fault } from '../../http/errors.ts';
import { field } from '../../http/form.ts';
import { showPage } from '../../http/page.ts';
import { mayRenew, RENEWALS_A_DAY, renewChildPassword } from '../../messages/child-password.ts';
import { findOwnChildren, type OwnChild } from '../../messages/child-password-store.ts';
import { frameOf } from '../frame.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import { childKey, childOf, passwordHref } from './keys.ts';
import type { ChildPasswordPage, NewChildPasswordPage } from './pages.ts';

/** GET /compte/enfants/:pupil/mot-de-passe: « Mot de passe oublié » of a child of the second degree. */
export async function showPassword(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const child = await ownChild(door, ctx, session);
  const allowed = mayRenew(child);
  if (allowed === 'unknown') throw new Fault('EC-404-PAGE');
  show(door, ctx, session, child, allowed === 'yes' ? null : allowed);
}

/** POST /compte/enfants/:pupil/mot-de-passe: a new provisional password, on this answer and nowhere else. */
export async function takePassword(door: AccountDoor, ctx: Context, session: AccountSession): Promise<void> {
  const child = await ownChild(door, ctx, session);
  const formKey = field(ctx, 'form');
  if (formKey.length < 20 || formKey.length > 100) return show(door, ctx, session, child, 'shown', 400);
  const request = { guardian: session.account, pupilId: child.id, formKey, ...visitor(ctx) };
  const result = await renewChildPassword(door.deps, request);
  if (!result.ok) {
    if (result.reason === 'unknown') throw new Fault('EC-404-PAGE');
    return show(door, ctx, session, child, result.reason, 400);
  }
  const page: NewChildPasswordPage = {
    frame: frameOf(door, ctx),
    child: nameOf(child),
    school: plainSchoolName(child.school),
    identifier: result.identifier,
    password: result.password,
    validUntil: result.validUntil,
  };
  showPage(door.deps, ctx, 'account/children/new-password', page);
}

const nameOf = ({ givenName, familyName }: OwnChild): string => `${givenName} ${familyName}`;

/** @throws Fault 404: a pupil of another family, or nobody's */
async function ownChild({ deps }: AccountDoor, ctx: Context, { account }: AccountSession): Promise<OwnChild> {
  const children = await findOwnChildren(deps.db, account.id);
  const child = childOf(deps.config, ctx, account, children, ({ id }) => id);
  if (!child) throw new Fault('EC-404-PAGE');
  return child;
}

function show(
  door: AccountDoor,
  ctx: Context,
  { account }: AccountSession,
  child: OwnChild,
  problem: ChildPasswordPage['problem'],
  status = 200,
): void {
  const action = passwordHref(childKey(door.deps.config, account, child.id));
  const page: ChildPasswordPage = {
    frame: frameOf(door, ctx),
    action,
    child: nameOf(child),
    school: plainSchoolName(child.school),
    problem,
    formKey: newToken(door.deps.random),
    againHref: action,
    most: RENEWALS_A_DAY,
  };
  showPage(door.deps, ctx, 'account/children/password', page, status);
}
