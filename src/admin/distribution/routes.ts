import { accountsAt, GUARDIANS, type Population, PUPILS, TROUBLESHOOTING } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { askActivation, askNotice, askReset, notifyOne, resetOne, sendActivationAgain } from './account.ts';
import { retryBatch, showBatch } from './batch.ts';
import { showBatches } from './batches.ts';
import { confirmSelected, notifySelected, resetSelected, showListAgain } from './confirm.ts';
import { downloadLetters, makeAgain } from './letters.ts';

/** What pages about these accounts need; those of pupils are in the second degree alone. */
export const needsOf = ({ module, of }: Population) =>
  of === 'pupil' ? ({ module, of, degree: 2 } as const) : ({ module } as const);

/** Passwords are drawn, told or sent: the portal is asked again (security.md 1.6). */
export const sensitiveOf = (population: Population) => ({ ...needsOf(population), sensitive: true }) as const;

/** Of one account: notify it, reset its password, and what came of that. */
function ofOne(population: Population): AdminRoute[] {
  const { accounts, batches } = accountsAt(population);
  const needs = needsOf(population);
  const sensitive = sensitiveOf(population);
  return [
    { method: 'get', path: `${accounts}/:account/notifier`, needs, handle: askNotice },
    { method: 'post', path: `${accounts}/:account/notifier`, needs: sensitive, handle: notifyOne },
    { method: 'get', path: `${accounts}/:account/reinitialiser`, needs, handle: askReset },
    { method: 'post', path: `${accounts}/:account/reinitialiser`, needs: sensitive, handle: resetOne },
    // After the reset of one account it tells the password.
    { method: 'get', path: `${batches}/:batch`, needs: sensitive, handle: showBatch },
    {
      method: 'get',
      path: `${batches}/:batch/courrier.pdf`,
      needs: sensitive,
      handle: downloadLetters,
    },
    { method: 'post', path: `${batches}/:batch/reessayer`, needs: sensitive, handle: retryBatch },
  ];
}

/** Of those selected in the list, and the past distributions of the school. */
function ofMany(population: Population): AdminRoute[] {
  const { list, batches } = accountsAt(population);
  const needs = needsOf(population);
  const sensitive = sensitiveOf(population);
  return [
    { method: 'get', path: `${list}/confirmer`, needs, handle: showListAgain },
    { method: 'post', path: `${list}/confirmer`, needs, handle: confirmSelected },
    { method: 'get', path: `${list}/notifier`, needs, handle: showListAgain },
    { method: 'post', path: `${list}/notifier`, needs: sensitive, handle: notifySelected },
    { method: 'get', path: `${list}/reinitialiser`, needs, handle: showListAgain },
    { method: 'post', path: `${list}/reinitialiser`, needs: sensitive, handle: resetSelected },
    { method: 'get', path: batches, needs, handle: showBatches },
    { method: 'post', path: `${batches}/:batch/courrier`, needs: sensitive, handle: makeAgain },
  ];
}

/**
 * Notify, reset, send the activation mail again (sections L, O and P). Pupils are activated without a mail. In
 * the troubleshooting one pupil at a time: S4 has « notifier et distribuer » in the administration alone.
 */
export const DISTRIBUTION_ROUTES: readonly AdminRoute[] = [
  ...ofMany(GUARDIANS),
  ...ofOne(GUARDIANS),
  {
    method: 'get',
    path: `${accountsAt(GUARDIANS).accounts}/:account/activation`,
    needs: needsOf(GUARDIANS),
    handle: askActivation,
  },
  {
    method: 'post',
    path: `${accountsAt(GUARDIANS).accounts}/:account/activation`,
    needs: sensitiveOf(GUARDIANS),
    handle: sendActivationAgain,
  },
  ...ofMany(PUPILS),
  ...ofOne(PUPILS),
  ...ofOne(TROUBLESHOOTING),
];
