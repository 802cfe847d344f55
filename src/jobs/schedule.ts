import { Cron } from 'croner';

/** Hours in the configuration are those of the wall clock in Paris, whatever the server's zone. */
const TIME_ZONE = 'Europe/Paris';
const HOUR_MS = 3600_000;

const dayInParis = new Intl.DateTimeFormat('fr-FR', { timeZone: TIME_ZONE, dateStyle: 'short' });

/**
 * The last moment of the schedule that is to be made good when it was missed: one of today, or of less than an hour
 * ago. An hour that the change to summer time skips is moved on, one that comes twice counts once.
 * @param pattern a cron pattern
 */
export function dueAt(pattern: string, now: Date): Date | null {
  // The library looks strictly before the moment that it is given.
  const [last] = new Cron(pattern, { timezone: TIME_ZONE }).previousRuns(1, new Date(now.getTime() + 1));
  if (last === undefined) return null;
  const fresh = now.getTime() - last.getTime() < HOUR_MS;
  return fresh || dayInParis.format(last) === dayInParis.format(now) ? last : null;
}

/** The next moment of the schedule. */
export function nextAt(pattern: string, now: Date): Date | null {
  return new Cron(pattern, { timezone: TIME_ZONE }).nextRun(now);
}

/** @param hour `HH:MM` */
export function dailyAt(hour: string): string {
  const [hours, minutes] = hour.split(':').map(Number);
  return `${minutes} ${hours} * * *`;
}
