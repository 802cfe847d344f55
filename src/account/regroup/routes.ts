import type { AccountRoute } from '../types.ts';
import { showConfirm, showDone, takeConfirm } from './confirm.ts';
import { ATTACH, CONFIRM, DONE, showAttach, takeAttach } from './form.ts';

const guardians = { needs: 'proof', kinds: ['guardian'] } as const;

/** « Rattacher un enfant ». */
export const REGROUP_ROUTES: readonly AccountRoute[] = [
  { method: 'get', path: ATTACH, ...guardians, handle: showAttach },
  { method: 'post', path: ATTACH, ...guardians, handle: takeAttach },
  { method: 'get', path: CONFIRM, ...guardians, handle: showConfirm },
  { method: 'post', path: CONFIRM, ...guardians, handle: takeConfirm },
  { method: 'get', path: DONE, needs: 'session', kinds: ['guardian'], handle: showDone },
];
