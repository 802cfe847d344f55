import { findOwnAccount } from '../../accounts/select.ts';
import { recordAudit } from '../../audit/record.ts';
import { openProvisional } from '../../credentials/provisional.ts';
import { listedName } from '../../directory/names.ts';
import type { Context } from '../../http/context.ts';
import { seeOther, showPage } from '../../http/page.ts';
import {
  countResults,
  findOnly,
  findOutcome,
  findWithoutPassword,
  type ResultRow,
} from '../../messages/batches-store.ts';
import { retryFailed } from '../../messages/retry.ts';
import { pathsOf } from '../address.ts';
import { accountsFrame } from '../frame.ts';
import { carriedQuery } from '../guardians/search.ts';
import type { AdminDoor, SchoolVisit } from '../types.ts';
import { actorOf, csrfOf, peopleOf, scopeOf } from '../visit.ts';
import { lettersShown } from './letters.ts';
import { mailsShown } from './mails.ts';
import { type BatchVisit, ofBatch } from './of-batch.ts';
import type { BatchPage, Person } from './pages.ts';

/** As many as the largest school has: the list of R-121 names everybody. */
const MOST_NAMES = 5000;
/** Between two looks at letters that are being made. */
const REFRESH_S = 2;

/** GET /distributions/:batch */
export const showBatch = ofBatch(async (door, ctx, visit) => {
  const { deps } = door;
  const { head } = visit;
  const { db } = deps;
  const counts = (await countResults(db, [head.id])).get(head.id) ?? [];
  const sum = (which: (count: (typeof counts)[number]) => boolean) =>
    counts.filter(which).reduce((total, { count }) => total + count, 0);
  const paths = pathsOf(visit);
  const back = carriedQuery(ctx);
  const people = async (outcome: 'no-address' | 'bad-address' | 'frozen') =>
    sum((count) => count.outcome === outcome) === 0
      ? []
      : (await findOutcome(db, head.id, outcome, MOST_NAMES)).map(personOf(visit, back));
  const act = head.channel;
  const done = sum(({ outcome }) => outcome === 'distributed' || outcome === 'reset');
  const letters = act === 'sheet' && done > 0 ? await lettersShown(door, ctx, visit, done) : null;
  const noPassword =
    sum(({ reset }) => reset === 'no-password') === 0
      ? []
      : (await findWithoutPassword(db, head.id, MOST_NAMES)).map(personOf(visit, back));
  const page: BatchPage = {
    frame: accountsFrame(door, ctx, visit),
    people: peopleOf(visit),
    act,
    single: head.single,
    withReset: head.withReset,
    at: head.at,
    done,
    notNotified: sum(({ reset }) => reset === 'not-notified') > 0,
    noPassword,
    noAddress: await people('no-address'),
    badAddress: await people('bad-address'),
    frozen: await people('frozen'),
    letters,
    mails: act === 'email' && done > 0 ? await mailsShown(door, ctx, visit, counts) : null,
    ...(await ofOne(door, ctx, visit)),
    listHref: paths.list + back,
    // Whoever only helps one pupil at a time has no list of what was distributed to all.
    batchesHref: visit.module === 'troubleshooting' ? null : paths.batches,
  };
  if (letters?.state === 'making') ctx.set('Refresh', String(REFRESH_S));
  showPage(deps, ctx, 'admin/distribution/batch', page);
});

const personOf =
  (visit: SchoolVisit, back: string) =>
  (row: ResultRow): Person => ({
    name: listedName(row),
    identifier: row.identifier,
    href: pathsOf(visit).account(row.publicId) + back,
  });

/** Of one account: its page, and the password that a reset gave, shown at once; the trail knows who saw it. */
async function ofOne(
  door: AdminDoor,
  ctx: Context,
  visit: BatchVisit,
): Promise<Pick<BatchPage, 'secret' | 'accountHref' | 'again'>> {
  const { deps } = door;
  const { head, school } = visit;
  if (!head.single) {
    const again = {
      action: pathsOf(visit).confirm + carriedQuery(ctx),
      csrf: csrfOf(door, ctx),
      batch: head.publicId,
    };
    return { secret: null, accountHref: null, again };
  }
  const row = await findOnly(deps.db, head.id);
  // He may have left the school since: his page is not there then.
  const account = row && (await findOwnAccount(deps.db, scopeOf(visit), row.publicId));
  if (row === null || account === null) return { secret: null, accountHref: null, again: null };
  const here = pathsOf(visit).account(row.publicId);
  const back = carriedQuery(ctx);
  const accountHref = here + back;
  const again = { action: `${here}/notifier${back}`, csrf: csrfOf(door, ctx), batch: null };
  if (head.channel !== 'reset' || row.reset !== 'done') return { secret: null, accountHref, again };
  const password = openProvisional(deps, account);
  if (password !== null)
    await recordAudit(deps.db, {
      ...actorOf(ctx, visit),
      at: deps.clock.now(),
      event: 'show-password',
      outcome: 'done',
      accountId: account.id,
      schoolId: school.id,
      details: `after a reset, version ${account.credentialsVersion}`,
    });
  return { secret: { identifier: account.identifier, password }, accountHref, again };
}

/** POST /distributions/:batch/reessayer */
export const retryBatch = ofBatch(async (door, ctx, visit) => {
  const { head, school, of } = visit;
  const again = await retryFailed(door.deps, {
    schoolId: school.id,
    of,
    batch: head.publicId,
    actor: actorOf(ctx, visit),
  });
  seeOther(ctx, `${pathsOf(visit).batch(head.publicId)}?relances=${again ?? 0}`);
});
