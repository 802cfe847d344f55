import type { Clock } from '../deps.ts';

/**
 * The library reads the system's clock itself; our rows are dated by `deps.clock`. What is left of a row's life is
 * therefore told to the library in its own time.
 * @returns seconds since the epoch, at least one second ahead
 */
export function libraryTime(clock: Clock, at: Date): number {
  const secondsLeft = Math.floor((at.getTime() - clock.now().getTime()) / 1000);
  return Math.floor(Date.now() / 1000) + Math.max(1, secondsLeft);
}

/** The same for what has happened. @returns seconds since the epoch, not ahead */
export function libraryTimeOfPast(clock: Clock, at: Date): number {
  const secondsAgo = Math.max(0, (clock.now().getTime() - at.getTime()) / 1000);
  return Math.floor(Date.now() / 1000 - secondsAgo);
}

/** The other way round: when something that the library has dated happened. */
export function timeOfPast(clock: Clock, librarySeconds: number): Date {
  const agoMs = Math.max(0, Date.now() - librarySeconds * 1000);
  return new Date(clock.now().getTime() - agoMs);
}

export function after(clock: Clock, seconds: number): Date {
  return new Date(clock.now().getTime() + seconds * 1000);
}

/** The earlier of two. */
export function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}
