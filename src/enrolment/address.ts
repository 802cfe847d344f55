import { z } from 'zod';
import { inTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { pupilsOfAccount } from '../directory/store.ts';
import { lockFirstConnection, updateFirstConnection } from './store.ts';
import type { AddressResult } from './types.ts';

const schema = z.email().max(254);

/** @returns the address as it is to be kept, null when it is not one */
export function readEmail(text: string): string | null {
  const parsed = schema.safeParse(text.normalize('NFC').trim());
  return parsed.success ? parsed.data : null;
}

/** `marie@example.org` -> `m•••@example.org`: enough to know it again, too little to learn it. */
export function masked(email: string): string {
  const [name = '', domain = ''] = email.split('@');
  return `${name.slice(0, 1)}•••@${domain}`;
}

/**
 * Step 2 (R-057 b, R-061): the address entered or confirmed; it becomes the account's with step 3 and is not written
 * back to the school. Picks the child whose birth date step 3 asks: one with a birth date, always the same.
 */
export async function giveAddress(deps: Deps, interactionUid: string, text: string): Promise<AddressResult> {
  const email = readEmail(text);
  return inTransaction(deps.db, async (trx) => {
    const now = deps.clock.now();
    const row = await lockFirstConnection(trx, interactionUid, now);
    if (row?.step !== 'address' && row?.step !== 'birth-date') return { ok: false, reason: 'elsewhere' };
    if (row.account.kind !== 'guardian') return { ok: false, reason: 'elsewhere' };
    if (!email) return { ok: false, reason: 'invalid' };
    const pupils = await pupilsOfAccount(trx, row.account.id);
    const pupil = pupils.find((candidate) => candidate.birthDate !== null) ?? pupils[0];
    await updateFirstConnection(
      trx,
      interactionUid,
      { step: 'birth-date', email, pupilId: pupil?.id ?? null },
      now,
    );
    return { ok: true };
  });
}
