import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '../../docs/integrating');

/** The text of a page of the integrator's kit. */
export const pageText = (name: string): string => readFileSync(join(DOCS, name), 'utf8');

/** The code blocks of a page that are in this language, in order. */
export function codeBlocks(name: string, language: string): string[] {
  const fences = pageText(name).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...fences].filter(([, given]) => given === language).map(([, , code]) => code ?? '');
}

/** Puts what an integrator has in the place of what the page says. @throws when the page does not say it */
export function filledIn(text: string, values: Record<string, string>): string {
  return Object.entries(values).reduce((filled, [said, meant]) => {
    if (!filled.includes(said)) throw new Error(`the page does not say ${said}`);
    return filled.replaceAll(said, meant);
  }, text);
}

/** The words of a command as a shell reads them: joined lines, double quotes. */
export function words(command: string): string[] {
  const line = command.replaceAll(/\\\n\s*/g, ' ').trim();
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}
