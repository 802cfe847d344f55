const PARIS = new Intl.DateTimeFormat('fr-FR', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';

/** A moment as the clocks of Paris show it, in digits. */
export function momentInParis(at: Date): Record<Part, string> {
  const parts = PARIS.formatToParts(at).map(({ type, value }) => [type, value]);
  return Object.fromEntries(parts) as Record<Part, string>;
}

/** Of the name of a file: « AAAAMMJJHHMMSS ». */
export function fileStamp(at: Date): string {
  const { day, month, year, hour, minute, second } = momentInParis(at);
  return `${year}${month}${day}${hour}${minute}${second}`;
}
