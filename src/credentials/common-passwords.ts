import { dictionary } from '@zxcvbn-ts/language-common';

/** Some 49,000 passwords seen most often in public leaks, lower case; nothing shorter than our minimum is kept. */
const COMMON: ReadonlySet<string> = new Set(
  dictionary['passwords-common'].filter((word) => word.length >= 8).map((word) => word.toLowerCase()),
);

/** Words that French families would put a number behind; the public lists know few of them. */
const WEAK_STEMS =
  /^(motdepasse|mdp|azerty(uiop)?|qsdfgh(jklm)?|educonnect|ecole|college|lycee|parents?|enfants?|maman|papa|bonjour|soleil|doudou|chouchou|loulou|coucou|marseille|toulouse|paris|france|password|qwerty|admin|welcome)$/;

/** True for a password that attackers try first, whatever its case or the digits and signs around a weak word. */
export function isCommonPassword(candidate: string): boolean {
  const lower = candidate.toLowerCase();
  if (COMMON.has(lower)) return true;
  const stem = lower.replace(/^[^a-z]+|[^a-z]+$/g, '');
  if (WEAK_STEMS.test(stem)) return true;
  return new Set(lower).size <= 3;
}
