import type { Knex } from 'knex';

/**
 * Help for families: when the data that a guardian proves himself by last changed, so that the school can be told
 * whether its correction has arrived; how a wrong attachment was closed; what the staff are called whom the audit
 * trail knows by the portal's name for them.
 */

const TEXT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
const EXACT = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const statement of BACK) await db.raw(statement);
}

const STATEMENTS = [
  // NULL: as the record first came.
  `ALTER TABLE guardian_references
    ADD COLUMN names_changed_at DATETIME(3) NULL,
    ADD COLUMN mobile_changed_at DATETIME(3) NULL`,
  `ALTER TABLE pupils
    ADD COLUMN ine_changed_at DATETIME(3) NULL,
    ADD COLUMN birth_date_changed_at DATETIME(3) NULL`,

  // `kept`: the attachment is right; `removed`: it was wrong, and ends in the feed. NULL: open, or closed before.
  `ALTER TABLE wrong_attachments
    ADD COLUMN outcome VARCHAR(8) ${ASCII} NULL,
    ADD CONSTRAINT wrong_attachments_outcome CHECK (
      outcome IS NULL OR (state = 'closed' AND outcome IN ('kept', 'removed')))`,

  // actor: as in audit_events.
  `CREATE TABLE staff_names (
    actor VARCHAR(120) ${EXACT} NOT NULL PRIMARY KEY,
    given_name VARCHAR(120) ${TEXT} NOT NULL,
    family_name VARCHAR(120) ${TEXT} NOT NULL,
    seen_at DATETIME(3) NOT NULL,
    KEY staff_names_seen (seen_at)
  ) ${TABLE}`,
];

const BACK = [
  'DROP TABLE staff_names',
  'ALTER TABLE wrong_attachments DROP CONSTRAINT wrong_attachments_outcome, DROP COLUMN outcome',
  'ALTER TABLE pupils DROP COLUMN ine_changed_at, DROP COLUMN birth_date_changed_at',
  'ALTER TABLE guardian_references DROP COLUMN names_changed_at, DROP COLUMN mobile_changed_at',
];
