import { parseArgs } from 'node:util';
import { recordAudit } from '../audit/record.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { lastUntil, lockNext, putSealed } from './reseal-store.ts';
import { ROOM_COLUMNS, UNTIL_OVER } from './sealed-columns.ts';
import type { SealedColumn } from './types.ts';

type Needs = Pick<Deps, 'jobsDb' | 'sealer' | 'clock'>;
type Io = { out(line: string): void; err(line: string): void };

const AT_ONCE = 200;

export type Resealed = {
  /** Values sealed anew, by table. */
  resealed: Record<string, number>;
  /** Values that no configured key opens: nothing was done about them. */
  unreadable: Record<string, number>;
  /** Until when values are left that the old key alone opens; null: it can be dropped now. */
  oldKeyUntil: Date | null;
};

/**
 * Seals with the first of SEALING_KEYS whatever another key has sealed, few rows at a time, beside running servers.
 * Stopped on the way it is simply run again: what is done is not looked at.
 * @param columns the provider's
 */
export async function reseal(deps: Needs, columns: readonly SealedColumn[]): Promise<Resealed> {
  const resealed: Record<string, number> = {};
  const unreadable: Record<string, number> = {};
  for (const column of [...columns, ...ROOM_COLUMNS]) {
    const { done, failed } = await resealColumn(deps, column);
    if (done > 0) resealed[column.table] = (resealed[column.table] ?? 0) + done;
    if (failed > 0) unreadable[column.table] = (unreadable[column.table] ?? 0) + failed;
  }
  const { currentKeyId: keyId } = deps.sealer;
  const left = await Promise.all(UNTIL_OVER.map((one) => lastUntil(deps.jobsDb, { ...one, keyId })));
  const oldKeyUntil = left.reduce(
    (last, at) => (at !== null && (last === null || at > last) ? at : last),
    null,
  );
  await recordAudit(deps.jobsDb, {
    at: deps.clock.now(),
    event: 'keys-resealed',
    outcome: Object.keys(unreadable).length === 0 ? 'done' : 'refused',
    actorKind: 'operator',
    actor: 'educonnect keys',
    details: `${Object.values(resealed).reduce((sum, count) => sum + count, 0)} values under ${keyId}`,
  });
  return { resealed, unreadable, oldKeyUntil };
}

async function resealColumn(
  { jobsDb, sealer }: Needs,
  column: SealedColumn,
): Promise<{ done: number; failed: number }> {
  const limit = column.atOnce ?? AT_ONCE;
  let after: string | number | null = null;
  let done = 0;
  let failed = 0;
  for (;;) {
    const at: string | number | null = after;
    const rows = await inTransaction(jobsDb, async (trx) => {
      const found = await lockNext(trx, column, { keyId: sealer.currentKeyId, after: at, limit });
      const anew = found.map(({ key, sealed, values }) => ({
        key,
        sealed: sealAnew(sealer, sealed, column.context(...values)),
      }));
      const good = anew.flatMap(({ key, sealed }) => (sealed === null ? [] : [{ key, sealed }]));
      await putSealed(trx, column, good);
      return { last: found.at(-1)?.key ?? null, found: found.length, good: good.length };
    });
    done += rows.good;
    failed += rows.found - rows.good;
    after = rows.last;
    if (rows.found < limit) return { done, failed };
  }
}

function sealAnew(sealer: Deps['sealer'], sealed: string, context: string): string | null {
  try {
    return sealer.seal(sealer.open(sealed, context), context);
  } catch {
    return null;
  }
}

/** `educonnect keys reseal` @returns 0 done; 1 values are left that no key opens; 2 wrong usage */
export async function resealCommand(
  deps: Needs,
  columns: readonly SealedColumn[],
  argv: string[],
  io: Io,
): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { json: { type: 'boolean' } } });
  const { resealed, unreadable, oldKeyUntil } = await reseal(deps, columns);
  if (values.json)
    io.out(
      JSON.stringify({ key: deps.sealer.currentKeyId, resealed, unreadable, old_key_until: oldKeyUntil }),
    );
  else {
    for (const [table, count] of Object.entries(resealed)) io.out(`${table}: ${count} sealed anew`);
    io.out(
      oldKeyUntil === null
        ? 'all is sealed by the first key: the others can be taken out of SEALING_KEYS'
        : `sign-ins under way need the old key until ${oldKeyUntil.toISOString()}: take it out of SEALING_KEYS after that`,
    );
  }
  for (const [table, count] of Object.entries(unreadable))
    io.err(`${table}: ${count} values that no key of SEALING_KEYS opens; put back the key that sealed them`);
  return Object.keys(unreadable).length === 0 ? 0 : 1;
}
