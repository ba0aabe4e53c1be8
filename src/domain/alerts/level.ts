// The m-of-n counter of one alert level: when enough windows breach it starts, after enough calm ones it stops.

/** How many windows start and stop a level; the names of the rule's fields. */
export interface LevelLimits {
  for: number;
  of: number;
  recover_after: number;
}

/** The counter's memory. While active it counts calm windows, otherwise it keeps the last `of` windows. */
export interface LevelCounter {
  active: boolean;
  recent: { start: number; breach: boolean }[];
  calm: number;
}

/** A counter that has seen nothing. */
export function newCounter(): LevelCounter {
  return { active: false, recent: [], calm: 0 };
}

/**
 * Counts one window that can be judged, in order of time. The level starts when `for` of the last `of` windows breach and
 * this one does; it stops after `recover_after` windows in a row without a breach and then forgets what it saw, so that
 * the windows of one episode never help to start the next.
 */
export function countWindow(counter: LevelCounter, limits: LevelLimits, start: number, breach: boolean): void {
  if (counter.active) {
    counter.calm = breach ? 0 : counter.calm + 1;
    if (counter.calm >= limits.recover_after) Object.assign(counter, newCounter());
    return;
  }
  counter.recent.push({ start, breach });
  if (counter.recent.length > limits.of) counter.recent.shift();
  // The count can reach the limit only on a breach: the newest window of those that start a level always breaches.
  counter.active = counter.recent.filter((window) => window.breach).length >= limits.for;
}

/** Start of the oldest breach among the windows it remembers: of those that started the level, while it is active. */
export function firstBreach(counter: LevelCounter): number | null {
  return counter.recent.find((window) => window.breach)?.start ?? null;
}
