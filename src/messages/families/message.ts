import { provisionalMonths } from '../../credentials/provisional.ts';
import type { Deps } from '../../deps.ts';

/** The school that speaks; `name` as families know it. */
export type SpeakingSchool = { uai: string; name: string; town: string | null; degree: 1 | 2 };

/** What the message and the flyer are filled in with. */
export function familyFacts({ config }: Pick<Deps, 'config'>, school: SpeakingSchool) {
  return {
    school,
    siteUrl: config.BASE_URL,
    helpUrl: `${config.BASE_URL}/aide/connexion`,
    months: provisionalMonths(config),
  };
}

/** The message to families, ready to send. */
export function familyMessage(
  deps: Pick<Deps, 'render' | 'config'>,
  school: SpeakingSchool,
): { subject: string; text: string } {
  const facts = familyFacts(deps, school);
  const [subject, text] = (['subject', 'text'] as const).map((part) =>
    deps.render('messages/families.text', { part, ...facts }).trim(),
  );
  return { subject: subject ?? '', text: text ?? '' };
}
