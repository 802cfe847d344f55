import type { Database } from '../deps.ts';
import { ACTS, SHOWS_PASSWORDS } from './acts.ts';
import { type FoundLine, findLines, type PasswordFacts } from './find-store.ts';

/** By which a provisional password is made known, or drawn anew. */
const TELLING = Object.entries(ACTS)
  .filter(([event, kind]) => SHOWS_PASSWORDS.includes(kind) && event !== 'export-data')
  .map(([event]) => event);

export type Telling = FoundLine & {
  /** What happened to the password, in words. */
  act: string;
  /** It was the password that is good now. */
  present: boolean;
};

/** Who saw, printed, exported or was sent the provisional passwords of an account, the last act first (N03). */
export async function tellingsOf(db: Database, facts: PasswordFacts, limit: number): Promise<Telling[]> {
  const since = facts.passwordKind === 'provisional' ? facts.provisionalCreatedAt : null;
  const lines = await findLines(db, { accountId: facts.id, events: TELLING }, limit);
  return lines.map((line) => ({
    ...line,
    act: actOf(line),
    present: since !== null && line.at >= since,
  }));
}

/** Letters with an odd number are sheets, even ones mails. */
function actOf({ event, outcome, details }: FoundLine): string {
  if (outcome === 'refused') return `${event} refused`;
  const letter = /\bC0([1-6])\b/.exec(details ?? '')?.[1];
  const mailed = letter !== undefined && Number(letter) % 2 === 0;
  switch (event) {
    case 'notify':
      return mailed ? 'sent by mail to the family' : 'distributed on a sheet';
    case 'notify-again':
      return 'sent by mail again';
    case 'show-password':
    case 'view-password':
      return 'shown on the screen';
    case 'print-letter':
      return 'printed in a letter';
    case 'list-password':
      return 'written in a list';
    case 'reset':
      return 'drawn anew by the school';
    case 'password-by-guardian':
      return 'drawn anew, and shown to a guardian';
    default:
      return event;
  }
}
