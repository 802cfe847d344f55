import { CHOSEN } from './sign-in.ts';
import type { Answer, Visitor } from './visitor.ts';

/** What « Mon compte » and its proof need of a visitor without windows. */

export const pathOf = (answer: Answer): string => new URL(answer.url).pathname;

export type Typed = { identifier: string; password?: string };

/** From any page of a sign-in under way: identifier and password, under a profile. */
export async function typePassword(
  visitor: Visitor,
  page: Answer,
  { identifier, password = CHOSEN }: Typed,
  profile: 'responsable' | 'eleve' = 'responsable',
): Promise<Answer> {
  const start = /^\/interaction\/[^/]+/.exec(pathOf(page))?.[0] ?? 'nowhere';
  const form = await visitor.get(`${start}/connexion?profil=${profile}`);
  return visitor.submit(form, { identifier, password }, '/connexion');
}
