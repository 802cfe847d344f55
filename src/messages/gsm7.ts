/** The alphabet of an SMS that costs one septet a character (GSM 03.38), and the few that cost two. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENDED = '^{}\\[~]|€\f';

const SEGMENT = 160;

/** Length in septets; null when a character is not in the alphabet: the whole text then costs twice as much. */
export function septets(text: string): number | null {
  let length = 0;
  for (const character of text) {
    if (BASIC.includes(character)) length += 1;
    else if (EXTENDED.includes(character)) length += 2;
    else return null;
  }
  return length;
}

/** Whether a text leaves as one SMS of 160 septets. */
export function isOneSegment(text: string): boolean {
  const length = septets(text);
  return length !== null && length <= SEGMENT;
}
