import { z } from 'zod';
import type { FranceConnectIdentity } from '../deps.ts';

const LONGEST_NAME = 200;
/** Pairwise, opaque: kept byte for byte (`ascii_bin`, 255). */
const SUB = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** What is unusable counts as not told: the identity only breaks ties, it never blocks anybody. */
const name = z
  .string()
  .transform((text) => text.normalize('NFC').replace(/\p{C}/gu, ' ').replace(/\s+/g, ' ').trim())
  .pipe(z.string().min(1).max(LONGEST_NAME))
  .nullable()
  .catch(null);

const CLAIMS = z.object({
  sub: SUB,
  given_name: name,
  family_name: name,
  preferred_username: name,
});

/** @returns null when there is nobody to know again: `sub` is missing or no identifier */
export function readIdentity(issuer: string, claims: unknown): FranceConnectIdentity | null {
  const read = CLAIMS.safeParse(claims);
  if (!read.success) return null;
  const { sub, given_name, family_name, preferred_username } = read.data;
  return {
    issuer,
    sub,
    givenName: given_name,
    familyName: family_name,
    preferredName: preferred_username,
  };
}
