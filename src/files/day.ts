/** Calendar days, `YYYY-MM-DD`, which are compared as texts. */

const PARIS = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});
const HOUR_MS = 3_600_000;

/** The day that it is in Paris. */
export const dayInParis = (at: Date): string => PARIS.format(at);

/** A day as a field of dates sends it, or as people write it (31/08/2027, 31-08-2027); null: there is no such day. */
export function readDay(text: string): string | null {
  const typed = text.trim();
  const french = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(typed);
  const day = french ? `${french[3]}-${french[2]?.padStart(2, '0')}-${french[1]?.padStart(2, '0')}` : typed;
  if (!/^(19|20)\d\d-\d\d-\d\d$/.test(day)) return null;
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day) ? day : null;
}

/** The moment at which a day begins in Paris, which is one hour ahead of UTC or two. */
export function beginningInParis(day: string): Date {
  const midnight = new Date(`${day}T00:00:00Z`).getTime();
  const summer = new Date(midnight - 2 * HOUR_MS);
  return dayInParis(summer) === day ? summer : new Date(midnight - HOUR_MS);
}

/** The 31 August that ends the school year in which a day falls. */
export function endOfSchoolYear(day: string): string {
  const year = Number(day.slice(0, 4));
  return `${day.slice(5, 7) >= '09' ? year + 1 : year}-08-31`;
}
