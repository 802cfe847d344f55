import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { askActivation, askNotice, askReset, notifyOne, resetOne, sendActivationAgain } from './account.ts';
import { retryBatch, showBatch } from './batch.ts';
import { showBatches } from './batches.ts';
import { confirmSelected, notifySelected, resetSelected, showListAgain } from './confirm.ts';
import { downloadLetters, makeAgain } from './letters.ts';

const needs = { module: 'administration' } as const;
/** Passwords are drawn, told or sent: the portal is asked again (security.md 1.6). */
const sensitive = { module: 'administration', sensitive: true } as const;

/** Notify, reset, send the activation mail again (sections L, O and P). */
export const DISTRIBUTION_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: `${AT}/responsables/confirmer`, needs, handle: showListAgain },
  { method: 'post', path: `${AT}/responsables/confirmer`, needs, handle: confirmSelected },
  { method: 'get', path: `${AT}/responsables/notifier`, needs, handle: showListAgain },
  { method: 'post', path: `${AT}/responsables/notifier`, needs: sensitive, handle: notifySelected },
  { method: 'get', path: `${AT}/responsables/reinitialiser`, needs, handle: showListAgain },
  { method: 'post', path: `${AT}/responsables/reinitialiser`, needs: sensitive, handle: resetSelected },

  { method: 'get', path: `${AT}/comptes/:account/notifier`, needs, handle: askNotice },
  { method: 'post', path: `${AT}/comptes/:account/notifier`, needs: sensitive, handle: notifyOne },
  { method: 'get', path: `${AT}/comptes/:account/reinitialiser`, needs, handle: askReset },
  { method: 'post', path: `${AT}/comptes/:account/reinitialiser`, needs: sensitive, handle: resetOne },
  { method: 'get', path: `${AT}/comptes/:account/activation`, needs, handle: askActivation },
  {
    method: 'post',
    path: `${AT}/comptes/:account/activation`,
    needs: sensitive,
    handle: sendActivationAgain,
  },

  { method: 'get', path: `${AT}/distributions`, needs, handle: showBatches },
  // After the reset of one account it tells the password.
  { method: 'get', path: `${AT}/distributions/:batch`, needs: sensitive, handle: showBatch },
  {
    method: 'get',
    path: `${AT}/distributions/:batch/courrier.pdf`,
    needs: sensitive,
    handle: downloadLetters,
  },
  { method: 'post', path: `${AT}/distributions/:batch/courrier`, needs: sensitive, handle: makeAgain },
  { method: 'post', path: `${AT}/distributions/:batch/reessayer`, needs: sensitive, handle: retryBatch },
];
