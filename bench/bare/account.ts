/** The same accounts and the same password hash as ours, read the plain way. */
import argon2 from 'argon2';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import type { Account } from 'oidc-provider';

/** Who signs in; null when the identifier or the password is wrong. */
export async function checkPassword(
  pool: Pool,
  identifier: string,
  password: string,
): Promise<string | null> {
  const [[row]] = await pool.execute<RowDataPacket[]>(
    'SELECT public_id, password_hash FROM accounts WHERE identifier = ? AND closed_at IS NULL',
    [identifier],
  );
  const right = row?.password_hash && (await argon2.verify(row.password_hash, password));
  return right ? (row.public_id as string) : null;
}

/** The library's `findAccount`; claims about children cost one more statement, and only when they are asked. */
export async function findAccount(pool: Pool, id: string): Promise<Account | undefined> {
  const [[row]] = await pool.execute<RowDataPacket[]>(
    'SELECT id, given_name, family_name, email FROM accounts WHERE public_id = ?',
    [id],
  );
  if (!row) return undefined;
  return {
    accountId: id,
    async claims(use, scope) {
      const claims = {
        sub: id,
        given_name: row.given_name,
        family_name: row.family_name,
        name: `${row.given_name} ${row.family_name}`,
        email: row.email,
        email_verified: row.email !== null,
      };
      if (use !== 'userinfo' || !scope.includes('educonnect')) return claims;
      const children = await childrenOf(pool, row.id);
      return {
        ...claims,
        FrEduCtPersonAffiliation: [...new Set(children.map((child) => `resp${child.degree}d`))],
        FrEduCtRefId: children.map(
          (child) => `{AAF}${child.academy_code}|${child.degree}|${child.source_id}`,
        ),
        FrEduVecteur: children.map((c) =>
          [c.degree, row.family_name, row.given_name, c.source_id, c.uai].join('|'),
        ),
        eleves: children,
      };
    },
  };
}

async function childrenOf(pool: Pool, accountId: number): Promise<RowDataPacket[]> {
  const [rows] = await pool.execute<RowDataPacket[]>(
    `SELECT p.given_name, p.family_name, p.academy_code, p.degree, p.source_id, p.level_label AS level,
       s.uai, s.name AS school, c.label AS class
     FROM guardian_references g
     JOIN legal_links l ON l.guardian_reference_id = g.id AND l.ended_at IS NULL
     JOIN pupils p ON p.id = l.pupil_id JOIN schools s ON s.id = p.school_id LEFT JOIN classes c ON c.id = p.class_id
     WHERE g.account_id = ?`,
    [accountId],
  );
  return rows;
}
