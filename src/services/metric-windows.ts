// Which windows a question about numbers asks for: one exact range, or windows of a length.
import { parseDuration } from '../domain/duration.js';
import { InvalidInputError } from '../domain/errors.js';
import type { WindowSelection } from '../domain/selection.js';
import { isValidWindowLength, windowsBetween } from '../domain/window.js';
import { MAX_WINDOWS } from './distributions.js';
import { originOf } from './planning.js';

/** Everything in [from, to) as one window. `only`: the rows of one segment. */
export function range(
  model: string,
  from: number,
  to: number,
  version: string | null,
  only: string | null,
  segments: readonly string[] = [],
): WindowSelection {
  return {
    model,
    length: null,
    origin: 0,
    from,
    to,
    windows: null,
    version,
    segments: only === null ? segments : [],
    only,
  };
}

/** Windows of a length that share time with [from, to), or with `range` exactly that. @throws InvalidInputError */
export function selectWindows(
  model: string,
  window: string,
  from: number,
  to: number,
  version: string,
  only: string | null,
  segments: readonly string[],
): WindowSelection {
  if (window === 'range') return range(model, from, to, version, only, segments);
  const length = parsedWindow(window);
  const windows = windowsBetween(from, to, length);
  if (windows.length > MAX_WINDOWS)
    throw new InvalidInputError(
      `That is ${windows.length} windows; ask for at most ${MAX_WINDOWS}: a shorter range or a longer window.`,
    );
  return {
    ...range(model, windows[0]?.start ?? from, windows[windows.length - 1]?.end ?? to, version, only, segments),
    length,
    origin: originOf(length),
  };
}

/** The length of the windows that a question names, ms; null for `range`. @throws InvalidInputError */
export function windowLengthOf(window: string): number | null {
  return window === 'range' ? null : parsedWindow(window);
}

function parsedWindow(window: string): number {
  const problem = {
    code: 'invalid_value',
    path: 'window',
    message: 'expected "range" or a multiple of 15 minutes up to 30 days, such as 7d',
  };
  try {
    const length = parseDuration(window);
    if (isValidWindowLength(length)) return length;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new InvalidInputError(
    `window=${window} is not a window: use "range", or a multiple of 15 minutes up to 30 days, such as 7d.`,
    [problem],
  );
}
