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

/** Under the tables, in the time of Paris. */
export function updatedAt(at: Date): string {
  const { day, month, year, hour, minute, second } = partsOf(at);
  return `Dernière mise à jour le ${day}-${month}-${year} à ${hour}:${minute}:${second}`;
}

/** Of a file, like those of R-136: « AAAAMMJJHHMMSS ». */
export function fileStamp(at: Date): string {
  const { day, month, year, hour, minute, second } = partsOf(at);
  return `${year}${month}${day}${hour}${minute}${second}`;
}

/** A day `YYYY-MM-DD` as tables write it: DD-MM-YYYY. */
export function shownDay(day: string): string {
  return day.split('-').reverse().join('-');
}

function partsOf(at: Date): Partial<Record<Intl.DateTimeFormatPartTypes, string>> {
  return Object.fromEntries(PARIS.formatToParts(at).map(({ type, value }) => [type, value]));
}
