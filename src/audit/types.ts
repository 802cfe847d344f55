/** One line of the audit trail: who did what to which account (security.md decision 11, N01). */
export type AuditEvent = {
  at: Date;
  /** Short stable name, e.g. `login`, `notify`, `activate`. */
  event: string;
  outcome: 'done' | 'refused';
  /** `person`: the account's holder; `school`: staff; `operator`: a command; `system`: a job. */
  actorKind: 'person' | 'school' | 'operator' | 'system';
  actor?: string | undefined;
  accountId?: number | undefined;
  schoolId?: number | undefined;
  ip?: string | undefined;
  requestId?: string | undefined;
  /** Never a password, a code, a token, a birth date or a name. */
  details?: string | undefined;
};

/** Who acts, as far as audit is concerned; passed down from the door. */
export type Actor = Pick<AuditEvent, 'actorKind' | 'actor' | 'ip' | 'requestId'>;
