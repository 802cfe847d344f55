import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { decideAttachment, showAttachments } from './attachments.ts';
import { showFamilies } from './families.ts';
import { showJournal } from './journal.ts';
import { showQuality } from './quality.ts';
import { downloadQuality } from './quality-csv.ts';
import { showRelaunch } from './relaunch.ts';

const needs = { module: 'administration' } as const;

/** Families in difficulty, quality of the data, relaunch, wrong attachments, journal. */
export const FAMILIES_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: `${AT}/familles`, needs, handle: showFamilies },
  { method: 'get', path: `${AT}/qualite`, needs, handle: showQuality },
  // Names and numbers of a whole school leave.
  { method: 'get', path: `${AT}/qualite.csv`, needs: { ...needs, sensitive: true }, handle: downloadQuality },
  { method: 'get', path: `${AT}/relance`, needs, handle: showRelaunch },
  { method: 'get', path: `${AT}/rattachements`, needs, handle: showAttachments },
  // It may give a child back to an account.
  {
    method: 'post',
    path: `${AT}/rattachements`,
    needs: { ...needs, sensitive: true },
    handle: decideAttachment,
  },
  { method: 'get', path: `${AT}/journal`, needs, handle: showJournal },
];
