import type {
  AddressConfirmedPage,
  AddressLinkPage,
  AddressObjectedPage,
  AddressPage,
  AddressRefusedPage,
} from '../../src/account/address/pages.ts';
import type { FranceConnectLinkPage } from '../../src/account/franceconnect/pages.ts';
import type { AddKeyPage, KeysPage, RemoveKeyPage, RenameKeyPage } from '../../src/account/passkeys/pages.ts';
import { oneOf, type PageState, state } from './page-state.ts';

const LONG_EMAIL = `${'prenom.tres.long.compose'.repeat(4)}@sous-domaine.academie-inventee.example.org`;
const LONG_NAME = 'Telephoneportabledelafamillevandenbroucke'.repeat(2).slice(0, 60);
const frame = { csrf: 'jeton', homeHref: '/', again: false };
const at = new Date('2026-11-22T08:00:00Z');

const address: AddressPage = {
  frame,
  current: { address: 'claire.martin@example.org', verified: true },
  pending: null,
  action: '/compte/adresse',
  value: '',
  errors: [],
  notice: null,
  tooMany: false,
};
const pending: AddressPage['pending'] = {
  email: 'c.martin@exemple.example.org',
  askedAt: at,
  validUntil: at,
  resendAction: '/compte/adresse/renvoyer',
  cancelAction: '/compte/adresse/annuler',
};
const link: AddressLinkPage = {
  action: '/adresse/confirmer/x',
  csrf: 'jeton',
  email: 'claire.martin@example.org',
};
const refused = (
  what: AddressRefusedPage['what'],
  reason: AddressRefusedPage['reason'],
): AddressRefusedPage => ({ what, reason, homeHref: '/' });
const REASONS = ['expired', 'used', 'replaced', 'unknown'] as const;

const franceConnect: FranceConnectLinkPage = {
  frame,
  linkedAt: null,
  available: true,
  linkAction: '/compte/franceconnect/relier',
  unlinkAction: '/compte/franceconnect/retirer',
  problem: null,
  notice: null,
  passwordHref: '/compte/mot-de-passe',
  attachHref: '/compte/rattacher',
};
const PROBLEMS = [
  'last-way',
  'elsewhere',
  'linked',
  'cancelled',
  'refused',
  'unreachable',
  'late',
  'pending',
] as const;

const key = {
  name: 'Téléphone',
  createdAt: at,
  lastUsedAt: at,
  synced: true,
  suspected: false,
  renameHref: '/compte/cles/x/nom',
  removeHref: '/compte/cles/x/supprimer',
};
const keys: KeysPage = { frame, keys: [], addHref: '/compte/cles/ajouter', notice: null };
const add: AddKeyPage = {
  frame,
  action: '/compte/cles/ajouter',
  options: '/compte/cles/options',
  name: '',
  errors: [],
  problem: null,
};
const rename: RenameKeyPage = {
  frame,
  action: '/compte/cles/x/nom',
  name: 'Téléphone',
  errors: [],
  listHref: '/compte/cles',
};
const remove: RemoveKeyPage = {
  frame,
  action: '/compte/cles/x/supprimer',
  name: 'Téléphone',
  lastWay: false,
  passwordHref: '/compte/mot-de-passe',
  listHref: '/compte/cles',
};

/** The pages of the address, of FranceConnect and of the keys in « Mon compte ». */
export const IDENTITY_PAGE_STATES: PageState[] = [
  state('account-address', 'account/address/change', address),
  state<AddressPage>('account-address-none', 'account/address/change', { ...address, current: null }),
  state<AddressPage>('account-address-pending', 'account/address/change', {
    ...address,
    pending,
    notice: 'asked',
  }),
  state<AddressPage>('account-address-long', 'account/address/change', {
    ...address,
    current: { address: LONG_EMAIL, verified: false },
    pending: pending && { ...pending, email: LONG_EMAIL },
  }),
  ...oneOf(
    (['missing', 'too-long', 'invalid', 'same'] as const).map((reason) =>
      state<AddressPage>(`account-address-${reason}`, 'account/address/change', {
        ...address,
        errors: [{ field: 'email', reason }],
      }),
    ),
  ),
  state<AddressPage>('account-address-too-many', 'account/address/change', { ...address, tooMany: true }),
  ...oneOf(
    (['resent', 'cancelled', 'nothing'] as const).map((notice) =>
      state<AddressPage>(`account-address-${notice}`, 'account/address/change', { ...address, notice }),
    ),
  ),
  state('address-link-confirm', 'address-link/confirm', link),
  state<AddressLinkPage>('address-link-confirm-long', 'address-link/confirm', { ...link, email: LONG_EMAIL }),
  state<AddressConfirmedPage>('address-link-confirmed', 'address-link/confirmed', {
    email: 'claire.martin@example.org',
    homeHref: '/',
  }),
  state<AddressLinkPage>('address-link-object', 'address-link/object', { ...link, email: null }),
  state<AddressObjectedPage>('address-link-objected', 'address-link/objected', {}),
  ...oneOf(
    REASONS.map((reason) =>
      state(`address-link-${reason}`, 'address-link/refused', refused('confirm', reason)),
    ),
  ),
  ...oneOf(
    REASONS.map((reason) =>
      state(`address-link-object-${reason}`, 'address-link/refused', refused('object', reason)),
    ),
  ),
  state('account-franceconnect', 'account/franceconnect/link', franceConnect),
  state<FranceConnectLinkPage>('account-franceconnect-linked', 'account/franceconnect/link', {
    ...franceConnect,
    linkedAt: at,
    notice: 'linked',
  }),
  state<FranceConnectLinkPage>('account-franceconnect-closed', 'account/franceconnect/link', {
    ...franceConnect,
    available: false,
    notice: 'unlinked',
  }),
  ...oneOf(
    PROBLEMS.map((problem) =>
      state<FranceConnectLinkPage>(`account-franceconnect-${problem}`, 'account/franceconnect/link', {
        ...franceConnect,
        linkedAt: problem === 'last-way' || problem === 'linked' ? at : null,
        problem,
      }),
    ),
  ),
  state<FranceConnectLinkPage>('account-franceconnect-nothing', 'account/franceconnect/link', {
    ...franceConnect,
    notice: 'nothing',
  }),
  state('passkeys-none', 'account/passkeys/list', keys),
  state<KeysPage>('passkeys', 'account/passkeys/list', {
    ...keys,
    keys: [
      key,
      { ...key, name: LONG_NAME, lastUsedAt: null, synced: false },
      { ...key, name: 'Ancien ordinateur', suspected: true },
    ],
    notice: 'added',
  }),
  state<KeysPage>('passkeys-full', 'account/passkeys/list', {
    ...keys,
    keys: Array.from({ length: 10 }, () => key),
    addHref: null,
  }),
  ...oneOf(
    (['renamed', 'removed', 'nothing'] as const).map((notice) =>
      state<KeysPage>(`passkeys-${notice}`, 'account/passkeys/list', { ...keys, keys: [key], notice }),
    ),
  ),
  state('passkey-add', 'account/passkeys/add', add),
  state<AddKeyPage>('passkey-add-too-long', 'account/passkeys/add', {
    ...add,
    name: LONG_NAME,
    errors: [{ field: 'name', reason: 'too-long' }],
  }),
  ...oneOf(
    (['refused', 'known', 'too-many'] as const).map((problem) =>
      state<AddKeyPage>(`passkey-add-${problem}`, 'account/passkeys/add', { ...add, problem }),
    ),
  ),
  state('passkey-rename', 'account/passkeys/rename', rename),
  ...oneOf(
    (['missing', 'too-long'] as const).map((reason) =>
      state<RenameKeyPage>(`passkey-rename-${reason}`, 'account/passkeys/rename', {
        ...rename,
        errors: [{ field: 'name', reason }],
      }),
    ),
  ),
  state('passkey-remove', 'account/passkeys/remove', remove),
  state<RemoveKeyPage>('passkey-remove-long', 'account/passkeys/remove', { ...remove, name: LONG_NAME }),
  state<RemoveKeyPage>('passkey-remove-last', 'account/passkeys/remove', { ...remove, lastWay: true }),
];
