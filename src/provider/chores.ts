import { idTokenContext } from '../enrolment/franceconnect-requests.ts';
import { PROTOCOL_ROWS } from './expiry.ts';
import { rotateWhenDue } from './keys.ts';

/** What runs by the clock for the provider; the programs hand it to the jobs. */
export const providerChores = {
  protocolRows: PROTOCOL_ROWS,
  rotateWhenDue,
  /** What its tables keep sealed, and for what. */
  sealed: [
    {
      table: 'signing_keys',
      key: 'kid',
      column: 'private_sealed',
      for: ['kid'],
      context: (kid: string) => `signing-key:${kid}`,
    },
    ...['secret_sealed', 'old_secret_sealed'].map((column) => ({
      table: 'oidc_clients',
      key: 'client_id',
      column,
      for: ['client_id'],
      context: (clientId: string) => `client:${clientId}`,
    })),
    {
      table: 'franceconnect_sessions',
      key: 'session_uid',
      column: 'id_token_sealed',
      for: ['sealed_for'],
      context: idTokenContext,
    },
  ],
};
