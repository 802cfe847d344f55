import { z } from 'zod';
import { HasherBusy } from '../credentials/hasher.ts';
import type { PasswordFault } from '../credentials/policy.ts';
import { giveAddress, readEmail } from '../enrolment/address.ts';
import { proveBirthDate, suspendedUntil } from '../enrolment/birth-date.ts';
import { chooseNewPassword } from '../enrolment/new-password.ts';
import { visitor } from '../http/context.ts';
import { Fault } from '../http/errors.ts';
import { field, readForm } from '../http/form.ts';
import { showPage } from '../http/page.ts';
import type {
  AddressPage,
  BirthDateError,
  BirthDatePage,
  EmailError,
  NewPasswordError,
  NewPasswordPage,
  Steps,
} from './pages.ts';
import { below, type Progress } from './progress.ts';
import { showSuspended } from './suspended.ts';
import { formPage, goOn, isFor, type Visit } from './visit.ts';

/** The steps of a first connection with the school's credentials, one page and one form each. */
type At<Step extends Progress['step']> = Extract<Progress, { step: Step }>;

/** « Étape 1 sur 4 »; a pupil gives no address. After a reset there is one step only, which is not counted. */
export function stepsOf(progress: At<'new-password' | 'address' | 'birth-date' | 'activation'>): Steps {
  const order =
    progress.account.kind === 'pupil'
      ? ['new-password', 'birth-date']
      : ['new-password', 'address', 'birth-date', 'activation'];
  return { current: order.indexOf(progress.step) + 1, total: order.length };
}

export const PASSWORDS = z.object({
  new_password: z.string().min(1, 'missing').max(256, 'too-long'),
  confirmation: z.string().min(1, 'missing'),
});

/** Where a fault is shown: a confirmation that differs is no fault of the password. */
export function toPasswordError(fault: PasswordFault): NewPasswordError {
  return fault === 'different'
    ? { field: 'confirmation', reason: 'different' }
    : { field: 'new_password', reason: fault };
}

export function showNewPassword(
  visit: Visit,
  progress: At<'new-password'>,
  errors: NewPasswordError[] = [],
): void {
  const { deps, ctx, interaction } = visit;
  const page: NewPasswordPage = {
    ...formPage(visit),
    account: progress.account.identifier,
    action: below(interaction.uid, 'mot-de-passe'),
    steps: progress.after === 'first' ? stepsOf(progress) : null,
    forced: progress.after === 'forced',
    rules: { min: deps.config.PASSWORD_MIN_LENGTH, max: deps.config.PASSWORD_MAX_LENGTH },
    errors,
  };
  showPage(deps, ctx, 'mire/new-password', page, errors.length > 0 ? 400 : 200);
}

export async function takeNewPassword(visit: Visit, progress: At<'new-password'>): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (!isFor(visit, progress.account)) return goOn(visit);
  const form = readForm<typeof PASSWORDS.shape, 'missing'>(ctx, PASSWORDS);
  if (!form.ok) return showNewPassword(visit, progress, form.errors);
  const { new_password: password, confirmation } = form.values;
  const result = await unlessBusy(
    chooseNewPassword(deps, interaction.uid, { password, confirmation, ...visitor(ctx) }),
  );
  if (!result.ok && result.reason === 'refused')
    return showNewPassword(visit, progress, result.faults.map(toPasswordError));
  await goOn(visit);
}

/** The password has been read and not kept: the person sends the form again. */
export async function unlessBusy<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof HasherBusy ? new Fault('EC-503-BUSY', { retryAfterSeconds: 30 }) : error;
  }
}

const ADDRESS = z.object({ email: z.string().min(1, 'missing').max(254, 'too-long') });

export function showAddress(
  visit: Visit,
  progress: At<'address'>,
  refused: { email: string; errors: EmailError[] } | null = null,
): void {
  const { deps, ctx, interaction } = visit;
  const page: AddressPage = {
    ...formPage(visit),
    account: progress.account.identifier,
    action: below(interaction.uid, 'adresse'),
    steps: stepsOf(progress),
    email: refused?.email ?? progress.email ?? '',
    known: refused === null && progress.email !== null,
    errors: refused?.errors ?? [],
  };
  showPage(deps, ctx, 'mire/address', page, refused === null ? 200 : 400);
}

export async function takeAddress(visit: Visit, progress: At<'address'>): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (!isFor(visit, progress.account)) return goOn(visit);
  const email = field(ctx, 'email');
  const form = readForm<typeof ADDRESS.shape, EmailError['reason']>(ctx, ADDRESS);
  if (!form.ok) return showAddress(visit, progress, { email, errors: form.errors });
  const result = await giveAddress(deps, interaction.uid, form.values.email);
  if (!result.ok && result.reason === 'invalid')
    return showAddress(visit, progress, { email, errors: [{ field: 'email', reason: 'invalid' }] });
  await goOn(visit);
}

const DATE_FIELDS: BirthDatePage['marked'] = ['day', 'month', 'year'];

type BirthDateRefusal = Partial<Pick<BirthDatePage, 'errors' | 'marked' | 'attemptsLeft'>>;

export function showBirthDate(visit: Visit, progress: At<'birth-date'>, refused?: BirthDateRefusal): void {
  const { deps, ctx, interaction } = visit;
  const { account, pupil } = progress;
  // Without a child there is nothing that could be proved: the school has to help.
  if (pupil === null) {
    showSuspended(visit, account, null);
    return;
  }
  const page: BirthDatePage = {
    ...formPage(visit),
    account: account.identifier,
    action: below(interaction.uid, 'naissance'),
    steps: stepsOf(progress),
    child: account.kind === 'pupil' ? null : pupil,
    values: { ...typedDate(ctx), email: field(ctx, 'email') },
    errors: refused?.errors ?? [],
    marked: refused?.marked ?? [],
    attemptsLeft: refused?.attemptsLeft ?? null,
  };
  showPage(deps, ctx, 'mire/birth-date', page, refused === undefined ? 200 : 400);
}

export async function takeBirthDate(visit: Visit, progress: At<'birth-date'>): Promise<void> {
  const { deps, ctx, interaction } = visit;
  if (!isFor(visit, progress.account)) return goOn(visit);
  const fields = typedDate(ctx);
  // Before a date is looked at, so that a slip in what nobody asks for costs no try.
  const typed = progress.account.kind === 'pupil' ? field(ctx, 'email').trim() : '';
  const email = typed === '' ? null : readEmail(typed);
  if (typed !== '' && email === null)
    return showBirthDate(visit, progress, { errors: [{ field: 'email', reason: 'invalid' }], marked: [] });
  const empty = DATE_FIELDS.filter((name) => fields[name].trim() === '');
  if (empty.length > 0)
    return showBirthDate(visit, progress, wrongDate(empty.length === 3 ? 'missing' : 'incomplete', empty));
  const result = await proveBirthDate(deps, interaction.uid, { ...fields, email }, visitor(ctx));
  if (result.ok) return goOn(visit);
  switch (result.reason) {
    case 'elsewhere':
      return goOn(visit);
    case 'invalid':
      return showBirthDate(visit, progress, wrongDate('invalid', result.fields));
    case 'wrong':
      return showBirthDate(visit, progress, { ...wrongDate('wrong'), attemptsLeft: result.left });
    case 'locked':
      return showSuspended(visit, progress.account, await suspendedUntil(deps, progress.account), 400);
  }
}

const typedDate = (ctx: Visit['ctx']) => ({
  day: field(ctx, 'day'),
  month: field(ctx, 'month'),
  year: field(ctx, 'year'),
});

function wrongDate(
  reason: Extract<BirthDateError, { field: 'birth_date' }>['reason'],
  marked: BirthDatePage['marked'] = DATE_FIELDS,
): BirthDateRefusal {
  return { errors: [{ field: 'birth_date', reason }], marked };
}
