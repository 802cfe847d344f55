/**
 * The same text in memory of its own. A piece of a text keeps the whole one: what is kept of a feed until its end
 * would keep all that was read.
 */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}
