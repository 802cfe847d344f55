import { parseArgs } from 'node:util';
import { eraseDue } from '../accounts/erase.ts';
import { askToForget } from '../accounts/forget.ts';
import { queueLogouts } from '../accounts/logouts-store.ts';
import { cutoffsOf } from '../accounts/retention-rules.ts';
import { findAccountByIdentifier } from '../accounts/store.ts';
import type { Deps } from '../deps.ts';
import { farewellTo } from './farewell.ts';

type Io = { out(line: string): void; err(line: string): void };

const ACTOR = { actorKind: 'operator' as const, actor: 'educonnect forget' };

/**
 * `educonnect forget <identifier> [--now]`: what a person asks for in « Mon compte », for one who cannot, and for a
 * pupil whose guardian and school have decided it. @returns 0 done, 1 refused, 2 wrong usage
 */
export async function forgetCommand(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { now: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [identifier, ...more] = positionals;
  if (identifier === undefined || more.length > 0) {
    io.err('usage: educonnect forget <identifier> [--now]');
    return 2;
  }
  const account = await findAccountByIdentifier(deps.db, identifier);
  if (account === null) {
    io.err('no living account has this identifier; nothing was done');
    return 1;
  }
  const delayDays = values.now ? 0 : deps.config.FORGET_DELAY_DAYS;
  const asked = await askToForget(deps, account.id, {
    delayDays,
    actor: ACTOR,
    byOperator: true,
    also: (trx, locked) => queueLogouts(trx, [locked], deps.clock.now()),
  });
  if (!asked.ok) {
    io.err('it is closed already; nothing was done');
    return 1;
  }
  if (!values.now) {
    io.out(`it is erased after ${asked.forgetAt.toISOString()}, unless its holder signs in before`);
    return 0;
  }
  return eraseNow(deps, account.id, io);
}

async function eraseNow(deps: Deps, id: number, io: Io): Promise<number> {
  const now = deps.clock.now();
  const erased = await eraseDue(deps, [id], {
    cutoffs: cutoffsOf(deps.config, now),
    now,
    actor: ACTOR,
    farewell: farewellTo(deps, now),
  });
  if (erased.ok && erased.erased.some((one) => one.id === id)) {
    io.out('it is erased');
    return 0;
  }
  io.err(
    erased.ok
      ? 'its holder has just signed in; nothing was done'
      : 'an import is running; the job retention erases it after that',
  );
  return 1;
}
