// How large the tests of faults are: short where they run with all others, at full size with DRIFTLINE_FAULTS=full (`npm run test:faults`).

/** Whether faults are tested at full size. */
export const FULL = process.env.DRIFTLINE_FAULTS === 'full';

/** The size of one of them. */
export const faultSize = (short: number, full: number): number => (FULL ? full : short);
