import type { ExpiryRule } from '../db/expiry.ts';

const DAY_MS = 24 * 3600_000;

/** The protocol's rows, in the order in which requests lock them. Sessions and grants take what hangs on them along. */
export const PROTOCOL_ROWS: readonly ExpiryRule[] = [
  { table: 'oidc_interactions', key: 'id_hash', column: 'expires_at', keptMs: 0 },
  { table: 'oidc_pushed_requests', key: 'id_hash', column: 'expires_at', keptMs: 0 },
  { table: 'oidc_replays', key: 'id_hash', column: 'expires_at', keptMs: 0 },
  { table: 'oidc_tokens', key: 'id_hash', column: 'expires_at', keptMs: 0 },
  { table: 'oidc_sessions', key: 'uid', column: 'expires_at', keptMs: 0 },
  { table: 'oidc_grants', key: 'id', column: 'expires_at', keptMs: 0 },
  // A private key that signs no more and that nobody checks against is a danger only.
  { table: 'signing_keys', key: 'kid', column: 'withdrawn_at', keptMs: DAY_MS },
];
