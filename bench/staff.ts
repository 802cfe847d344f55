/** A head of schools, signed in as the academic portal would have left him. */
import { createHmac, randomBytes } from 'node:crypto';
import { tokenHash } from '../src/crypto/digests.ts';
import type { Sql } from './database.ts';

/** Rights are fresh for so long that no page asks the portal, which nobody runs here. */
const LONG_MS = 10 * 365 * 86_400_000;

/** @param key that signs cookies. @returns his browser's cookies */
export async function signInStaff(sql: Sql, key: string, schools: readonly number[]): Promise<string> {
  const id = randomBytes(32).toString('base64url');
  const [now, later] = [new Date(), new Date(Date.now() + LONG_MS)];
  await sql('staff_sessions').insert({
    id_hash: tokenHash(id),
    issuer: 'https://portal.example.org',
    sub: 'bench',
    given_name: 'Paul',
    family_name: 'DIRECTEUR',
    email: 'paul.directeur@example.org',
    strong: 1,
    tokens_sealed: 'sealed',
    rights_read_at: later,
    created_at: now,
    last_seen_at: later,
    expires_at: later,
  });
  const uais: string[] = await sql('schools')
    .whereIn('id', [...schools])
    .pluck('uai');
  await sql('staff_grants').insert(uais.map((uai) => ({ id_hash: tokenHash(id), uai, role: 'head' })));
  const pair = `educonnect_staff=${id}`;
  // As the library of Koa's cookies signs them (keygrip).
  const signature = createHmac('sha1', key.split(',')[0] ?? '')
    .update(pair)
    .digest('base64url');
  return `${pair}; educonnect_staff.sig=${signature}`;
}
