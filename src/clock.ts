// The only reader of the system clock; everything else takes `now` in epoch milliseconds.

/** A source of the current time, epoch milliseconds. */
export type Clock = () => number;

/** The wall clock. */
export const systemClock: Clock = () => Date.now();
