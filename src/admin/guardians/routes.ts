import { accountsAt, GUARDIANS, type Population, PUPILS, TROUBLESHOOTING } from '../address.ts';
import { needsOf, sensitiveOf } from '../distribution/routes.ts';
import { showPupilAccount } from '../pupils/account.ts';
import type { AdminRoute } from '../types.ts';
import { showAccount } from './account.ts';
import { showGuardians } from './list.ts';

function listAndAccount(population: Population): AdminRoute[] {
  const { list, accounts } = accountsAt(population);
  return [
    { method: 'get', path: list, needs: needsOf(population), handle: showGuardians },
    {
      method: 'get',
      path: `${accounts}/:account`,
      // It tells a provisional password: the portal is asked again (security.md 1.6).
      needs: sensitiveOf(population),
      handle: population.of === 'pupil' ? showPupilAccount : showAccount,
    },
  ];
}

/** The lists of accounts and the page of one of them (sections K and Q, R-169, R-172). */
export const GUARDIANS_ROUTES: readonly AdminRoute[] = [GUARDIANS, PUPILS, TROUBLESHOOTING].flatMap(
  listAndAccount,
);
