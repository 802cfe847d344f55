import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Random } from '../deps.ts';

/** SHA-256 of an opaque token, base64url (43 characters): what the database keeps instead of the token. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** A fresh opaque token of 256 bits, base64url (43 characters). */
export function newToken(random: Random): string {
  return random.bytes(32).toString('base64url');
}

/**
 * Keyed digest (HMAC-SHA256, base64url) of values that are guessable and must not be found by trying:
 * throttle keys, CSRF tokens. `purpose` separates the uses of one key.
 */
export function keyedDigest(key: string, purpose: string, ...parts: readonly string[]): string {
  const text = [purpose, ...parts].join('\u0000');
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Compares two strings in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  const left = createHash('sha256').update(a, 'utf8').digest();
  const right = createHash('sha256').update(b, 'utf8').digest();
  return timingSafeEqual(left, right);
}
