import { z } from 'zod';
import { readDate } from '../enrolment/birth-date.ts';
import { proveChildren } from '../enrolment/children.ts';
import { childrenAsked, childrenSuspendedUntil } from '../enrolment/children-asked.ts';
import { AMR, currentEnrolment } from '../enrolment/enrolment.ts';
import { giveNames } from '../enrolment/names.ts';
import type { ChildAnswer, ChildAsked } from '../enrolment/types.ts';
import { field, readForm } from '../http/form.ts';
import { showPage } from '../http/page.ts';
import { later } from './code-page.ts';
import { type AtStep, enrolmentFrame, goOnEnrolling, proverOf, stepsOfEnrolment } from './enrolling.ts';
import type { ChildFields, ChildrenPage, ChildrenSuspendedPage, NamesPage } from './enrolment-pages.ts';
import { finishLogin } from './finish.ts';
import { waysOf } from './progress.ts';
import type { Visit } from './visit.ts';

type At = AtStep<'children'>;

/** GET /interaction/:uid/enfants. */
export async function showChildren(visit: Visit, at: At): Promise<void> {
  const until = await childrenSuspendedUntil(visit.deps, visit.interaction.uid);
  if (until !== null) return showSuspension(visit, until);
  await show(visit, at, await asked(visit));
}

type Shown = { problem?: ChildrenPage['problem']; attemptsLeft?: number };

async function show(visit: Visit, at: At, children: ChildFields[], shown?: Shown): Promise<void> {
  const { deps, ctx } = visit;
  if (children.length === 0) return showSuspension(visit, null);
  const page: ChildrenPage = {
    ...enrolmentFrame(visit, 'enfants', stepsOfEnrolment(at)),
    children,
    problem: shown?.problem ?? null,
    attemptsLeft: shown?.attemptsLeft ?? null,
  };
  showPage(deps, ctx, 'mire/children', page, shown ? 400 : 200);
}

/** @param until null: not a matter of time, there is no child any more whose birth date could be asked */
function showSuspension(visit: Visit, until: Date | null): void {
  const { deps, ctx, interaction } = visit;
  const page: ChildrenSuspendedPage = {
    serviceName: interaction.clientName,
    reason: until === null ? 'no-child' : 'tries',
    until: until && later(visit, until),
    otherWaysHref: waysOf(interaction.uid),
  };
  showPage(deps, ctx, 'mire/children-suspended', page, ctx.method === 'POST' ? 400 : 200);
}

/** The children with what was typed for each. */
async function asked(visit: Visit): Promise<ChildFields[]> {
  const children = await childrenAsked(visit.deps, visit.interaction.uid);
  return children.map((child) => readChild(visit, child));
}

const PARTS = ['day', 'month', 'year'] as const;

function readChild({ ctx }: Visit, child: ChildAsked): ChildFields {
  const of = (name: string) => field(ctx, `${name}_${child.key}`);
  const values = { day: of('day'), month: of('month'), year: of('year') };
  return { ...child, values, notMine: of('not_mine') !== '', error: null, marked: [] };
}

/** What was typed as an answer, or the fault of its fields. */
function answerOf(
  { deps }: Visit,
  child: ChildFields,
): { answer: ChildAnswer } | Pick<ChildFields, 'error' | 'marked'> {
  const { key, values } = child;
  if (child.notMine) return { answer: { key, notMine: true } };
  const empty = PARTS.filter((part) => values[part].trim() === '');
  if (empty.length > 0) return { error: empty.length === 3 ? 'missing' : 'incomplete', marked: empty };
  const read = readDate(values, deps.clock.now());
  return read.ok ? { answer: { key, date: read.date } } : { error: 'invalid', marked: read.fields };
}

/** POST /interaction/:uid/enfants */
export async function takeChildren(visit: Visit, at: At): Promise<void> {
  const { deps, interaction } = visit;
  const children = await asked(visit);
  const read = children.map((child) => answerOf(visit, child));
  const answers = read.flatMap((one) => ('answer' in one ? [one.answer] : []));
  if (answers.length < children.length) {
    const marked = children.map((child, index) => ({ ...child, ...faultOf(read[index]) }));
    return show(visit, at, marked, {});
  }
  const result = await proveChildren(deps, interaction.uid, answers, proverOf(visit));
  if (result.ok) return finishOrGoOn(visit);
  switch (result.reason) {
    case 'elsewhere':
      return goOnEnrolling(visit);
    case 'changed':
      return show(visit, at, await asked(visit), { problem: 'changed' });
    case 'none-left':
      return show(visit, at, children, { problem: 'none-left' });
    case 'wrong':
      return show(visit, at, children, { problem: 'wrong', attemptsLeft: result.left });
    case 'locked':
      return showSuspension(visit, result.until);
  }
}

function faultOf(read: ReturnType<typeof answerOf> | undefined) {
  return read !== undefined && 'error' in read ? read : {};
}

/** The last proof of a way hands the login over at once; by SMS the credentials are left. */
export async function finishOrGoOn(visit: Visit): Promise<void> {
  const at = await currentEnrolment(visit.deps, visit.interaction.uid);
  if (at?.step === 'done') return finishLogin(visit, at.account, { amr: AMR[at.way] });
  await goOnEnrolling(visit);
}

const NAME = z.string().trim().min(1, 'missing').max(120, 'too-long');
const NAMES = z.object({ family_name: NAME, given_name: NAME });

/** GET /interaction/:uid/nom: who of those who have this mobile (X1). */
export function showNames(
  visit: Visit,
  _at: AtStep<'names'>,
  shown?: Partial<Pick<NamesPage, 'errors' | 'problem'>>,
): void {
  const { deps, ctx } = visit;
  const page: NamesPage = {
    ...enrolmentFrame(visit, 'nom', null),
    values: { family_name: field(ctx, 'family_name'), given_name: field(ctx, 'given_name') },
    errors: shown?.errors ?? [],
    problem: shown?.problem ?? null,
  };
  showPage(deps, ctx, 'mire/names', page, shown ? 400 : 200);
}

/** POST /interaction/:uid/nom */
export async function takeNames(visit: Visit, at: AtStep<'names'>): Promise<void> {
  const { deps, ctx, interaction } = visit;
  const form = readForm<typeof NAMES.shape, 'missing' | 'too-long'>(ctx, NAMES);
  if (!form.ok) return showNames(visit, at, { errors: form.errors });
  const { family_name: familyName, given_name: givenName } = form.values;
  const result = await giveNames(deps, interaction.uid, { familyName, givenName });
  if (result.ok || result.reason === 'elsewhere') return goOnEnrolling(visit);
  showNames(visit, at, { problem: result.reason });
}
