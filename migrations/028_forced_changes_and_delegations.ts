import type { Knex } from 'knex';

/**
 * Delegations by the head of a school; passwords that must be changed at the next login, in sets (security.md
 * 1.1), with what becomes of each.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['forced_marks', 'forced_changes', 'staff_delegations'])
    await db.schema.dropTableIfExists(table);
  await db.raw('ALTER TABLE accounts DROP COLUMN must_change_since');
}

const STATEMENTS = [
  // living: NULL once it is over, so that the same person may be named again.
  `CREATE TABLE staff_delegations (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id CHAR(22) ${ASCII} NOT NULL,
    school_id INT UNSIGNED NOT NULL,
    email VARCHAR(254) ${ASCII} NOT NULL,
    display_name VARCHAR(120) ${TEXT} NOT NULL,
    role VARCHAR(16) ${ASCII} NOT NULL,
    until_day DATE NOT NULL,
    created_at DATETIME(3) NOT NULL,
    created_by VARCHAR(120) ${TEXT} NOT NULL,
    ended_at DATETIME(3) NULL,
    living TINYINT UNSIGNED GENERATED ALWAYS AS (IF(ended_at IS NULL, 1, NULL)) STORED,
    UNIQUE KEY staff_delegations_public_id (public_id),
    UNIQUE KEY staff_delegations_person (school_id, email, role, living),
    KEY staff_delegations_email (email, living),
    KEY staff_delegations_until (until_day),
    CONSTRAINT staff_delegations_school FOREIGN KEY (school_id) REFERENCES schools (id),
    CONSTRAINT staff_delegations_role CHECK (role IN ('administration', 'troubleshooting'))
  ) ${TABLE}`,

  'ALTER TABLE accounts ADD COLUMN must_change_since DATETIME(3) NULL',

  // cursor_id: the last account that was looked at. form_key: of the page that was confirmed.
  `CREATE TABLE forced_changes (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id CHAR(22) ${ASCII} NOT NULL,
    school_id INT UNSIGNED NULL,
    form_key CHAR(43) ${ASCII} NULL,
    actor_kind VARCHAR(12) ${ASCII} NOT NULL,
    actor VARCHAR(120) ${TEXT} NULL,
    criteria TEXT ${TEXT} NOT NULL,
    reason VARCHAR(200) ${TEXT} NULL,
    notify TINYINT UNSIGNED NOT NULL,
    state VARCHAR(8) ${ASCII} NOT NULL,
    cursor_id BIGINT UNSIGNED NOT NULL,
    expected INT UNSIGNED NOT NULL,
    marked INT UNSIGNED NOT NULL,
    created_at DATETIME(3) NOT NULL,
    marked_at DATETIME(3) NULL,
    UNIQUE KEY forced_changes_public_id (public_id),
    UNIQUE KEY forced_changes_form (school_id, form_key),
    KEY forced_changes_school (school_id, created_at),
    KEY forced_changes_state (state, id),
    CONSTRAINT forced_changes_school_fk FOREIGN KEY (school_id) REFERENCES schools (id),
    CONSTRAINT forced_changes_state_check CHECK (state IN ('marking', 'telling', 'done'))
  ) ${TABLE}`,

  // how: 'changed' by its holder, 'reset' by the school, 'removed' with the password or the account.
  `CREATE TABLE forced_marks (
    change_id INT UNSIGNED NOT NULL,
    account_id BIGINT UNSIGNED NOT NULL,
    marked_at DATETIME(3) NOT NULL,
    ended_at DATETIME(3) NULL,
    how VARCHAR(8) ${ASCII} NULL,
    PRIMARY KEY (change_id, account_id),
    KEY forced_marks_account (account_id, ended_at),
    CONSTRAINT forced_marks_change FOREIGN KEY (change_id) REFERENCES forced_changes (id) ON DELETE CASCADE,
    CONSTRAINT forced_marks_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
    CONSTRAINT forced_marks_how CHECK (how IN ('changed', 'reset', 'removed'))
  ) ${TABLE}`,
];
