/**
 * The adapter that the library's documentation leads to: one table, the payload as JSON, each call a statement of its
 * own. Nothing of ours is in it; it is what we are measured against.
 */
import type { Pool, RowDataPacket } from 'mysql2/promise';
import type { Adapter, AdapterPayload } from 'oidc-provider';

export const TABLE = `CREATE TABLE IF NOT EXISTS bare_oidc (
  model VARCHAR(40) NOT NULL, id VARCHAR(128) NOT NULL, payload JSON NOT NULL, grant_id VARCHAR(64) NULL,
  user_code VARCHAR(64) NULL, uid VARCHAR(64) NULL, expires_at DATETIME NULL, consumed_at DATETIME NULL,
  PRIMARY KEY (model, id), KEY bare_grant (grant_id), KEY bare_uid (uid), KEY bare_user_code (user_code),
  KEY bare_expiry (expires_at)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

type Row = RowDataPacket & {
  payload: string | AdapterPayload;
  consumed_at: Date | null;
  expires_at: Date | null;
};

export function createBareAdapter(pool: Pool): new (model: string) => Adapter {
  return class BareAdapter implements Adapter {
    readonly model: string;
    constructor(model: string) {
      this.model = model;
    }

    async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
      const expiresAt = expiresIn ? new Date(Date.now() + expiresIn * 1000) : null;
      await pool.execute(
        `INSERT INTO bare_oidc (model, id, payload, grant_id, user_code, uid, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE payload = VALUES(payload), grant_id = VALUES(grant_id), user_code = VALUES(user_code),
         uid = VALUES(uid), expires_at = VALUES(expires_at)`,
        [
          this.model,
          id,
          JSON.stringify(payload),
          payload.grantId ?? null,
          payload.userCode ?? null,
          payload.uid ?? null,
          expiresAt,
        ],
      );
    }

    find(id: string): Promise<AdapterPayload | undefined> {
      return this.#one('id', id);
    }
    findByUid(uid: string): Promise<AdapterPayload | undefined> {
      return this.#one('uid', uid);
    }
    findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
      return this.#one('user_code', userCode);
    }

    async #one(column: 'id' | 'uid' | 'user_code', value: string): Promise<AdapterPayload | undefined> {
      const [[row]] = await pool.execute<Row[]>(
        `SELECT payload, consumed_at, expires_at FROM bare_oidc WHERE model = ? AND ${column} = ?`,
        [this.model, value],
      );
      if (!row || (row.expires_at !== null && row.expires_at.getTime() <= Date.now())) return undefined;
      const payload =
        typeof row.payload === 'string' ? (JSON.parse(row.payload) as AdapterPayload) : row.payload;
      return { ...payload, ...(row.consumed_at && { consumed: true }) };
    }

    async consume(id: string): Promise<void> {
      await pool.execute('UPDATE bare_oidc SET consumed_at = NOW() WHERE model = ? AND id = ?', [
        this.model,
        id,
      ]);
    }
    async destroy(id: string): Promise<void> {
      await pool.execute('DELETE FROM bare_oidc WHERE model = ? AND id = ?', [this.model, id]);
    }
    async revokeByGrantId(grantId: string): Promise<void> {
      await pool.execute('DELETE FROM bare_oidc WHERE model = ? AND grant_id = ?', [this.model, grantId]);
    }
  };
}
