import { sendDue } from '../../src/messages/send.ts';
import type { TestDeps } from './deps.ts';
import type { Answer, Visitor } from './visitor.ts';

export const PROVISIONAL = 'GVKJ7PPE23';
export const CHOSEN = 'chaise3verte';

type Profile = 'responsable' | 'eleve';
type Typed = { identifier: string; password: string };

/** Types identifier and password under a profile; the answer is the page after redirects. */
export async function signIn(
  visitor: Visitor,
  uid: string,
  typed: Typed,
  profile: Profile = 'responsable',
): Promise<Answer> {
  const page = await visitor.get(`/interaction/${uid}/connexion?profil=${profile}`);
  return visitor.submit(page, typed, '/connexion');
}

/** From the provisional password to « En cours d'activation ». @returns the waiting page */
export async function firstConnection(
  visitor: Visitor,
  uid: string,
  identifier: string,
  email: string,
): Promise<Answer> {
  const password = await signIn(visitor, uid, { identifier, password: PROVISIONAL });
  const address = await visitor.submit(password, { new_password: CHOSEN, confirmation: CHOSEN });
  const birth = await visitor.submit(address, { email });
  return visitor.submit(birth, { day: '9', month: '3', year: '2017' });
}

/** Sends what waits in the outbox. @returns the addresses of the links that went to `to`, oldest first */
export async function linksSent(deps: TestDeps, to: string): Promise<string[]> {
  await sendDue(deps, { limit: 100 });
  return deps.mailer.sent
    .filter((mail) => mail.to === to)
    .map((mail) => new URL(/https?:\S+\/activation\/[\w-]+/.exec(mail.text)?.[0] ?? '').pathname);
}
