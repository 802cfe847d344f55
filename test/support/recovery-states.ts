import type {
  NothingReceivedPage,
  NotMePage,
  NotMeRefusedPage,
  OtherWays,
  RecoverDonePage,
  RecoveredIdentifiersPage,
  RecoveredPasswordPage,
  RecoverRefusedPage,
  RecoveryPage,
  RecoverySentPage,
} from '../../src/mire/recovery-pages.ts';
import { oneOf, type PageState, state } from './page-state.ts';

const serviceName = 'ENT des Tilleuls';
const form = { action: '/interaction/x', csrf: 'jeton', serviceName };
const ways: OtherWays = {
  franceConnect: true,
  registrationHref: '/interaction/x/inscription',
  loginHref: '/interaction/x/connexion',
};
const schoolOnly: OtherWays = { ...ways, franceConnect: false, registrationHref: null };
const LONG = `${'x'.repeat(60)}.vandenbroucke123`;

const recovery: RecoveryPage = {
  ...form,
  goal: 'identifier',
  channel: 'mail',
  values: { email: '', identifier: '', family_name: '', given_name: '', mobile: '' },
  errors: [],
  tooManyMails: false,
  problem: null,
  codeHref: null,
  otherChannelHref: '/interaction/x/identifiant-oublie/sms',
  otherGoalHref: '/interaction/x/mot-de-passe-oublie',
  ways,
};
const password: RecoveredPasswordPage = {
  ...form,
  identifier: 'c.martin12',
  rules: { min: 8, max: 14 },
  errors: [],
};

/** The pages of recovery, of « Ce n'est pas moi », of « Je n'ai rien reçu ». */
export const RECOVERY_STATES: PageState[] = [
  state('recovery-identifier', 'mire/recovery', recovery),
  state<RecoveryPage>('recovery-identifier-mail-only', 'mire/recovery', {
    ...recovery,
    otherChannelHref: null,
    ways: schoolOnly,
  }),
  state<RecoveryPage>('recovery-identifier-sms', 'mire/recovery', { ...recovery, channel: 'sms' }),
  state<RecoveryPage>('recovery-password', 'mire/recovery', { ...recovery, goal: 'password' }),
  state<RecoveryPage>('recovery-password-sms', 'mire/recovery', {
    ...recovery,
    goal: 'password',
    channel: 'sms',
  }),
  ...oneOf(
    (['missing', 'invalid', 'too-long'] as const).map((reason) =>
      state<RecoveryPage>(`recovery-email-${reason}`, 'mire/recovery', {
        ...recovery,
        values: { ...recovery.values, email: `${LONG}@example.org` },
        errors: [{ field: 'email', reason }],
      }),
    ),
  ),
  ...(['missing', 'too-long'] as const).map((reason) =>
    state<RecoveryPage>(`recovery-names-${reason}`, 'mire/recovery', {
      ...recovery,
      channel: 'sms',
      errors: [
        { field: 'family_name', reason },
        { field: 'given_name', reason },
        { field: 'mobile', reason },
      ],
    }),
  ),
  ...(['missing', 'too-long'] as const).map((reason) =>
    state<RecoveryPage>(`recovery-identifier-${reason}`, 'mire/recovery', {
      ...recovery,
      goal: 'password',
      errors: [{ field: 'identifier', reason }],
    }),
  ),
  state<RecoveryPage>('recovery-mobile-invalid', 'mire/recovery', {
    ...recovery,
    goal: 'password',
    channel: 'sms',
    errors: [{ field: 'mobile', reason: 'invalid' }],
  }),
  state<RecoveryPage>('recovery-too-many-mails', 'mire/recovery', { ...recovery, tooManyMails: true }),
  state<RecoveryPage>('recovery-too-soon', 'mire/recovery', {
    ...recovery,
    channel: 'sms',
    problem: { reason: 'too-soon', again: { at: new Date('2026-11-22T08:20:00Z'), when: 'soon' } },
    codeHref: '/interaction/x/identifiant-oublie/code',
  }),
  state<RecoverySentPage>('recovery-sent', 'mire/recovery-sent', {
    serviceName,
    goal: 'identifier',
    againHref: '/interaction/x/identifiant-oublie',
    ways,
  }),
  state<RecoverySentPage>('recovery-sent-password', 'mire/recovery-sent', {
    serviceName,
    goal: 'password',
    againHref: '/interaction/x/mot-de-passe-oublie',
    ways: schoolOnly,
  }),
  ...[['c.martin12'], ['c.martin12', LONG]].map((identifiers) =>
    state<RecoveredIdentifiersPage>(`recovered-${identifiers.length}`, 'mire/recovered-identifiers', {
      serviceName,
      identifiers,
      loginHref: '/interaction/x/connexion',
      passwordHref: '/interaction/x/mot-de-passe-oublie',
    }),
  ),
  state('recovered-password', 'mire/recovered-password', password),
  state<RecoveredPasswordPage>('recovered-password-refused', 'mire/recovered-password', {
    ...password,
    identifier: LONG,
    errors: [
      { field: 'new_password', reason: 'too-short' },
      { field: 'confirmation', reason: 'different' },
    ],
  }),
  ...oneOf(
    (['expired', 'used', 'replaced', 'overtaken', 'unknown'] as const).map((reason) =>
      state<RecoverRefusedPage>(`recover-${reason}`, 'recovery/refused', { reason, loginHref: '/connexion' }),
    ),
  ),
  state<RecoverDonePage>('recover-done', 'recovery/done', {
    restart: { name: serviceName, href: 'http://localhost:3003/' },
    loginHref: '/connexion',
  }),
  state<RecoverDonePage>('recover-done-no-service', 'recovery/done', {
    restart: null,
    loginHref: '/connexion',
  }),
  state<NotMePage>('not-me', 'not-me/confirm', { action: '/ce-n-est-pas-moi/jeton', csrf: 'jeton' }),
  state('not-me-done', 'not-me/done', {}),
  ...oneOf(
    (['expired', 'used', 'replaced', 'unknown'] as const).map((reason) =>
      state<NotMeRefusedPage>(`not-me-${reason}`, 'not-me/refused', { reason }),
    ),
  ),
  ...(['sms', 'franceconnect', 'identifier', 'password'] as const).map((from) =>
    state<NothingReceivedPage>(`nothing-received-${from}`, 'mire/nothing-received', {
      serviceName,
      from,
      backHref: '/interaction/x/code',
      startHref: '/interaction/x/inscription',
      recovery: { identifierHref: '/interaction/x/i', passwordHref: '/interaction/x/p' },
      ways: from === 'sms' ? schoolOnly : ways,
    }),
  ),
];
