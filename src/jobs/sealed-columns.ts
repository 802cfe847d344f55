import { provisionalContext } from '../credentials/provisional.ts';
import { requestContext } from '../enrolment/franceconnect-requests.ts';
import { letterContext } from '../messages/make-letters.ts';
import { contentContext } from '../messages/outbox.ts';
import { sealContext } from '../staff/sessions.ts';
import type { SealedColumn } from './types.ts';

/** Where the rooms keep sealed values. Whoever adds a column adds it here (a test walks the database's). */
export const ROOM_COLUMNS: readonly SealedColumn[] = [
  {
    table: 'accounts',
    key: 'id',
    column: 'provisional_sealed',
    for: ['public_id'],
    context: provisionalContext,
  },
  {
    table: 'outbox_messages',
    key: 'id',
    column: 'content_sealed',
    for: ['unique_key'],
    context: contentContext,
    atOnce: 50,
  },
  {
    table: 'letter_parts',
    key: 'id',
    column: 'content_sealed',
    for: ['(SELECT public_id FROM notification_batches b WHERE b.id = batch_id)', 'part'],
    context: (batch = '', part = '') => letterContext(batch, Number(part)),
    atOnce: 2,
  },
  {
    table: 'staff_sessions',
    key: 'id_hash',
    column: 'tokens_sealed',
    for: ['id_hash'],
    context: sealContext,
  },
  {
    table: 'franceconnect_requests',
    key: 'id',
    column: 'interaction_sealed',
    for: ['state_hash'],
    context: (hash = '') => requestContext('interaction', hash),
  },
  {
    table: 'franceconnect_requests',
    key: 'id',
    column: 'identity_sealed',
    for: ['interaction_hash'],
    context: (hash = '') => requestContext('identity', hash),
  },
  {
    table: 'franceconnect_requests',
    key: 'id',
    column: 'id_token_sealed',
    for: ['interaction_hash'],
    context: (hash = '') => requestContext('token', hash),
  },
];

/**
 * What these are sealed for is not in the database but in the visitor's address: they stay as they are, for as long as
 * a sign-in lives.
 */
export const UNTIL_OVER: readonly { table: string; column: string; until: string }[] = [
  { table: 'enrolments', column: 'fc_identity_sealed', until: 'expires_at' },
];
