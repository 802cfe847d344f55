import type { AccountRoute } from '../types.ts';
import { showPassword, takePassword } from './password.ts';
import { showReport, takeReport, takeWithdrawal } from './report.ts';

const REPORT = '/compte/enfants/:pupil/signaler';
const PASSWORD = '/compte/enfants/:pupil/mot-de-passe';

const guardians = ['guardian'] as const;

/** What a guardian does for one child: a wrong attachment, a forgotten password. */
export const CHILDREN_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: REPORT, needs: 'session', kinds: guardians, handle: showReport },
  { method: 'post', path: REPORT, needs: 'session', kinds: guardians, handle: takeReport },
  { method: 'post', path: `${REPORT}/retirer`, needs: 'session', kinds: guardians, handle: takeWithdrawal },
  { method: 'get', path: PASSWORD, needs: 'proof', kinds: guardians, handle: showPassword },
  { method: 'post', path: PASSWORD, needs: 'proof', kinds: guardians, handle: takePassword },
];
