import { parseArgs } from 'node:util';
import type { Deps } from '../deps.ts';
import { separateAccount } from './separate.ts';

type Io = { out(line: string): void; err(line: string): void };

const ACTOR = { actorKind: 'operator' as const, actor: 'educonnect separate' };

const REFUSED = {
  unknown: 'no account of this identifier became part of another in the last thirty days; nothing was done',
  'too-late': 'that was more than thirty days ago; nothing was done',
  later: 'the account that it became part of has itself become part of another: take that back first',
} as const;

/** `educonnect separate <identifier>`: takes a regrouping back. @returns 0 done, 1 refused, 2 wrong usage */
export async function separateCommand(deps: Deps, argv: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [identifier, ...more] = positionals;
  if (identifier === undefined || more.length > 0) {
    io.err('usage: educonnect separate <identifier> [--json]');
    return 2;
  }
  const done = await separateAccount(deps, identifier, ACTOR);
  if (!done.ok) {
    io.err(REFUSED[done.reason]);
    return 1;
  }
  const { survivor, records } = done;
  io.out(
    values.json
      ? JSON.stringify({ identifier, survivor, records })
      : `${identifier} is an account of its own again, with ${records} records of ${survivor}; its school gives it a new password`,
  );
  return 0;
}
