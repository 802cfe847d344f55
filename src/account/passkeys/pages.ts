import type { FieldError } from '../../http/pages.ts';
import type { AccountFrame } from '../pages.ts';

/** What the pages of « Clés d'accès » are given. */

export type KeyRow = {
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  /** Kept on all devices of its holder. */
  synced: boolean;
  /** It may have been copied, and is refused. */
  suspected: boolean;
  renameHref: string;
  removeHref: string;
};

/** `account/passkeys/list` */
export type KeysPage = {
  frame: AccountFrame;
  keys: KeyRow[];
  /** Null: there are as many as there may be. */
  addHref: string | null;
  notice: 'added' | 'renamed' | 'removed' | 'nothing' | null;
};

export type AddKeyError = FieldError<'name', 'too-long'>;

/** `account/passkeys/add`: field `name`; the script fills `answer`. `options`: where it asks what to ask the browser for. */
export type AddKeyPage = {
  frame: AccountFrame;
  action: string;
  options: string;
  name: string;
  errors: AddKeyError[];
  problem: 'refused' | 'known' | 'too-many' | null;
};

/** `account/passkeys/rename`: field `name`. */
export type RenameKeyPage = {
  frame: AccountFrame;
  action: string;
  name: string;
  errors: FieldError<'name', 'missing' | 'too-long'>[];
  listHref: string;
};

/** `account/passkeys/remove` */
export type RemoveKeyPage = {
  frame: AccountFrame;
  action: string;
  name: string;
  /** It is the only way in that is left: nothing was done. */
  lastWay: boolean;
  /** Null: there is no such page. */
  passwordHref: string | null;
  listHref: string;
};
