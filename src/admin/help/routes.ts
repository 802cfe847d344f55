import { AT } from '../address.ts';
import type { AdminRoute } from '../types.ts';
import { GUIDE_PATH } from './address.ts';
import { downloadFlyer, downloadGuide, downloadMessage, showMessage } from './documents.ts';
import { showHelp } from './show.ts';

const needs = { module: 'administration' } as const;

/** The usual cases, the guide, the message and the flyer for families (sections M and Q). */
export const HELP_ROUTES: readonly AdminRoute[] = [
  { method: 'get', path: `${AT}/aide`, needs, handle: showHelp },
  { method: 'get', path: `${AT}/aide/message`, needs, handle: showMessage },
  { method: 'get', path: `${AT}/aide/message.txt`, needs, handle: downloadMessage },
  { method: 'get', path: `${AT}/depliant.pdf`, needs, handle: downloadFlyer },
  { method: 'get', path: GUIDE_PATH, needs: 'session', handle: downloadGuide },
];
