const DAY_MS = 24 * 3600_000;
const SEPTEMBER = 9;

const PARIS_DAY = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Paris',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The Monday, `YYYY-MM-DD`, of the week in which an instant falls in Paris. */
export function weekOf(at: Date): string {
  return mondayOf(PARIS_DAY.format(at));
}

/** The first week of the school year in which an instant falls: that of the 1st of September. */
export function firstWeek(at: Date): string {
  const [year = 0, month = 0] = PARIS_DAY.format(at).split('-').map(Number);
  return mondayOf(`${month >= SEPTEMBER ? year : year - 1}-09-01`);
}

/** All Mondays from one to the other, both included. */
export function weeksBetween(first: string, last: string): string[] {
  const weeks: string[] = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += 7 * DAY_MS) weeks.push(dayOf(at));
  return weeks;
}

/** @param day `YYYY-MM-DD`; days are reckoned in UTC, where each has 24 hours */
function mondayOf(day: string): string {
  const at = Date.parse(day);
  const sinceMonday = (new Date(at).getUTCDay() + 6) % 7;
  return dayOf(at - sinceMonday * DAY_MS);
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
