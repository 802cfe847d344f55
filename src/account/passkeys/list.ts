import { MOST_PASSKEYS } from '../../credentials/passkey-register.ts';
import { passkeysOf } from '../../credentials/passkeys.ts';
import type { Context } from '../../http/context.ts';
import { noticeOf, showPage } from '../../http/page.ts';
import { frameOf } from '../frame.ts';
import type { AccountDoor, AccountSession } from '../types.ts';
import { addressOf, LIST } from './address.ts';
import type { KeysPage } from './pages.ts';

const NOTICES: Record<string, KeysPage['notice']> = {
  ajoutee: 'added',
  renommee: 'renamed',
  supprimee: 'removed',
  rien: 'nothing',
};

/** GET /compte/cles: « Clés d'accès ». */
export async function showKeys(door: AccountDoor, ctx: Context, { account }: AccountSession): Promise<void> {
  const keys = await passkeysOf(door.deps, account.id);
  const page: KeysPage = {
    frame: frameOf(door, ctx),
    keys: keys.map(({ publicId, name, createdAt, lastUsedAt, synced, suspectedAt }) => ({
      name,
      createdAt,
      lastUsedAt,
      synced,
      suspected: suspectedAt !== null,
      renameHref: addressOf(publicId, 'nom'),
      removeHref: addressOf(publicId, 'supprimer'),
    })),
    addHref: keys.length < MOST_PASSKEYS ? addressOf('ajouter') : null,
    notice: noticeOf(ctx, NOTICES),
  };
  showPage(door.deps, ctx, 'account/passkeys/list', page);
}

/** Where the list is, with what has just been done. */
export const listWith = (notice: keyof typeof NOTICES): string => `${LIST}?avis=${notice}`;
