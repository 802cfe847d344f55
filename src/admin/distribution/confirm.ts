import type { Context } from '../../http/context.ts';
import { field } from '../../http/form.ts';
import { seeOther, showPage } from '../../http/page.ts';
import { type BatchResult, notify } from '../../messages/notify.ts';
import { findBatchOfForm } from '../../messages/notify-store.ts';
import { resetPasswords } from '../../messages/reset.ts';
import { pathsOf } from '../address.ts';
import { accountsFrame } from '../frame.ts';
import { showNothingSelected } from '../guardians/list.ts';
import { carriedQuery, formQuery } from '../guardians/search.ts';
import { refuseForeign } from '../refusals.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, csrfOf, peopleOf } from '../visit.ts';
import { type Chosen, chosenOf } from './chosen.ts';
import type { Act, ConfirmPage } from './pages.ts';
import { onceOf, sentOnce } from './visit.ts';

/** « Êtes-vous sûr... » for the accounts that were selected in the list, and what follows (sections L and O). */

const ACTS: readonly string[] = ['sheet', 'email', 'reset'];
const isAct = (text: string): text is Act => ACTS.includes(text);

/** GET: the list, for whoever comes back here by the address alone. */
export function showListAgain(_door: AdminDoor, ctx: Context, visit: SchoolVisit): void {
  seeOther(ctx, pathsOf(visit).list + carriedQuery(ctx));
}

/** POST /responsables/confirmer */
export async function confirmSelected(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const act = field(ctx, 'action');
  if (!isAct(act)) return seeOther(ctx, pathsOf(visit).list);
  await ask(door, ctx, visit, act, { changed: false });
}

/** POST /responsables/notifier */
export async function notifySelected(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  const channel = field(ctx, 'action') === 'email' ? 'email' : 'sheet';
  const withReset = field(ctx, 'with-reset') === '1';
  await carryOut(door, ctx, visit, channel, (request) =>
    notify(door.deps, { ...request, channel, withReset }),
  );
}

/** POST /responsables/reinitialiser */
export async function resetSelected(door: AdminDoor, ctx: Context, visit: SchoolVisit): Promise<void> {
  await carryOut(door, ctx, visit, 'reset', (request) => resetPasswords(door.deps, request));
}

async function ask(
  door: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
  act: Act,
  { changed }: { changed: boolean },
): Promise<void> {
  const { deps } = door;
  const chosen = await chosenOf(door, ctx, visit);
  if (chosen === null) return showNothingSelected(door, ctx, visit);
  const { ids } = chosen;
  if (ids === null) return refuseForeign(door, ctx, visit, 'account');
  if (ids.length === 0) return showNothingSelected(door, ctx, visit);
  const withReset = act !== 'reset' && field(ctx, 'with-reset') === '1';
  const once = await onceOf(door, visit, [act, String(withReset)], chosen.fields);
  const paths = pathsOf(visit);
  const page: ConfirmPage = {
    frame: accountsFrame(door, ctx, visit),
    people: peopleOf(visit),
    act,
    single: null,
    withReset,
    accounts: ids.length,
    action: act === 'reset' ? paths.reset : paths.notify,
    csrf: csrfOf(door, ctx),
    hidden: [
      ...hiddenOf(chosen),
      { name: 'action', value: act },
      ...(withReset ? [{ name: 'with-reset', value: '1' }] : []),
      { name: 'once', value: once },
      { name: 'expected', value: String(ids.length) },
    ],
    cancelHref: cancelHref(paths, chosen),
    changed,
    refusal: null,
  };
  showPage(deps, ctx, 'admin/distribution/confirm', page, changed ? 400 : 200);
}

/** The selection, and the search beside it where it is not in it already. */
const hiddenOf = ({ fields, search }: Chosen) => [
  ...fields,
  ...search.filter((one) => !fields.some(({ name, value }) => name === one.name && value === one.value)),
];

/** Back to the list with its search and its ticks, or to the distribution whose part this is. */
function cancelHref(paths: ReturnType<typeof pathsOf>, { fields, search, ticked }: Chosen): string {
  const batch = fields.find(({ name }) => name === 'batch');
  const to = batch ? paths.batch(batch.value) : paths.list;
  if (search.length === 0) return to;
  const query = new URLSearchParams();
  for (const { name, value } of [...search, ...ticked]) query.append(name, value);
  return `${to}?${query}`;
}

type Request = Parameters<typeof resetPasswords>[1];

async function carryOut(
  door: AdminDoor,
  ctx: Context,
  visit: SchoolVisit,
  act: Act,
  work: (request: Request) => Promise<BatchResult>,
): Promise<void> {
  const { db } = door.deps;
  const { school, of } = visit;
  const once = sentOnce(ctx);
  if (once === null) return ask(door, ctx, visit, act, { changed: true });
  const back = formQuery(ctx);
  // First: the distribution itself may have taken the accounts out of the search that selected them.
  const made = await findBatchOfForm(db, school.id, once);
  if (made !== null) return seeOther(ctx, pathsOf(visit).batch(made) + back);
  const chosen = await chosenOf(door, ctx, visit);
  if (chosen === null) return showNothingSelected(door, ctx, visit);
  const accountIds = chosen.ids;
  if (accountIds === null) return refuseForeign(door, ctx, visit, 'account');
  if (String(accountIds.length) !== field(ctx, 'expected'))
    return ask(door, ctx, visit, act, { changed: true });
  const result = await work({
    schoolId: school.id,
    of,
    accountIds,
    formKey: once,
    actor: actorOf(ctx, visit),
  });
  if (result.ok) return seeOther(ctx, pathsOf(visit).batch(result.batch) + back);
  if (result.reason === 'foreign') return refuseForeign(door, ctx, visit, 'account');
  return showNothingSelected(door, ctx, visit);
}
