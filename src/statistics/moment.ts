import { momentInParis } from '../files/moment.ts';

/** Under the tables, in the time of Paris. */
export function updatedAt(at: Date): string {
  const { day, month, year, hour, minute, second } = momentInParis(at);
  return `Dernière mise à jour le ${day}-${month}-${year} à ${hour}:${minute}:${second}`;
}

/** A day `YYYY-MM-DD` as tables write it: DD-MM-YYYY. */
export function shownDay(day: string): string {
  return day.split('-').reverse().join('-');
}
