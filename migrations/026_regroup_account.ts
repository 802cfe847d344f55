import type { Knex } from 'knex';

/**
 * « Mon compte »: the proof of a second account that a guardian is about to regroup with his own; what a regrouping
 * moved, so that support can take it back; passwords that guardians renewed for their children; wrong attachments that
 * the guardian himself took back.
 */

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';
const TABLE = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC';

export async function up(db: Knex): Promise<void> {
  for (const statement of STATEMENTS) await db.raw(statement);
}

export async function down(db: Knex): Promise<void> {
  for (const statement of BACK) await db.raw(statement);
}

const STATEMENTS = [
  // One a session of the provider, which outlives a fresh proof of its person, and it goes with it. done_at: the two are one; whoever sends the form again is told so.
  `CREATE TABLE regroup_proofs (
    session_uid VARCHAR(64) ${ASCII} NOT NULL PRIMARY KEY,
    proof_key CHAR(22) ${ASCII} NOT NULL,
    account_id BIGINT UNSIGNED NOT NULL,
    other_account_id BIGINT UNSIGNED NOT NULL,
    other_version INT UNSIGNED NOT NULL,
    proved_at DATETIME(3) NOT NULL,
    done_at DATETIME(3) NULL,
    expires_at DATETIME(3) NOT NULL,
    KEY regroup_proofs_expiry (expires_at),
    CONSTRAINT regroup_proofs_session FOREIGN KEY (session_uid)
      REFERENCES oidc_sessions (uid) ON DELETE CASCADE,
    CONSTRAINT regroup_proofs_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
    CONSTRAINT regroup_proofs_other FOREIGN KEY (other_account_id) REFERENCES accounts (id) ON DELETE CASCADE
  ) ${TABLE}`,

  // For each account that became another's: where it went, on which way, and which records it brought.
  `CREATE TABLE regroupings (
    merged_account_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    survivor_account_id BIGINT UNSIGNED NOT NULL,
    regrouped_at DATETIME(3) NOT NULL,
    franceconnect_moved TINYINT UNSIGNED NOT NULL,
    KEY regroupings_survivor (survivor_account_id),
    KEY regroupings_at (regrouped_at),
    CONSTRAINT regroupings_merged FOREIGN KEY (merged_account_id) REFERENCES accounts (id) ON DELETE CASCADE,
    CONSTRAINT regroupings_survivor_fk FOREIGN KEY (survivor_account_id) REFERENCES accounts (id) ON DELETE CASCADE
  ) ${TABLE}`,
  `CREATE TABLE regrouped_references (
    merged_account_id BIGINT UNSIGNED NOT NULL,
    guardian_reference_id INT UNSIGNED NOT NULL,
    PRIMARY KEY (merged_account_id, guardian_reference_id),
    KEY regrouped_references_reference (guardian_reference_id),
    CONSTRAINT regrouped_references_regrouping FOREIGN KEY (merged_account_id)
      REFERENCES regroupings (merged_account_id) ON DELETE CASCADE,
    CONSTRAINT regrouped_references_reference_fk FOREIGN KEY (guardian_reference_id)
      REFERENCES guardian_references (id) ON DELETE CASCADE
  ) ${TABLE}`,

  // form_key: hash of the one of the page on which it was asked for, so that a form makes one password.
  `CREATE TABLE child_passwords (
    form_key CHAR(43) ${ASCII} NOT NULL PRIMARY KEY,
    account_id BIGINT UNSIGNED NOT NULL,
    guardian_account_id BIGINT UNSIGNED NOT NULL,
    created_at DATETIME(3) NOT NULL,
    KEY child_passwords_account (account_id, created_at),
    KEY child_passwords_at (created_at),
    CONSTRAINT child_passwords_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
    CONSTRAINT child_passwords_guardian FOREIGN KEY (guardian_account_id) REFERENCES accounts (id) ON DELETE CASCADE
  ) ${TABLE}`,

  // `withdrawn`: the guardian took it back before the school had looked at it.
  `ALTER TABLE wrong_attachments
    DROP CONSTRAINT wrong_attachments_outcome,
    MODIFY COLUMN outcome VARCHAR(10) ${ASCII} NULL,
    ADD CONSTRAINT wrong_attachments_outcome_26 CHECK (
      outcome IS NULL OR (state = 'closed' AND outcome IN ('kept', 'removed', 'withdrawn')))`,
];

const BACK = [
  "UPDATE wrong_attachments SET outcome = NULL WHERE outcome = 'withdrawn'",
  `ALTER TABLE wrong_attachments
    DROP CONSTRAINT wrong_attachments_outcome_26,
    MODIFY COLUMN outcome VARCHAR(8) ${ASCII} NULL,
    ADD CONSTRAINT wrong_attachments_outcome CHECK (
      outcome IS NULL OR (state = 'closed' AND outcome IN ('kept', 'removed')))`,
  'DROP TABLE child_passwords',
  'DROP TABLE regrouped_references',
  'DROP TABLE regroupings',
  'DROP TABLE regroup_proofs',
];
