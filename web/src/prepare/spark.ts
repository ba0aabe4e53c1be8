// The path of a sparkline. Gaps are gaps; a flat line runs through the middle.

/** An SVG path over `width` x `height`; empty where fewer than two values are known. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return '';
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const pad = 2;
  const x = (i: number): number => round((i / Math.max(1, values.length - 1)) * width);
  const y = (value: number): number =>
    round(high === low ? height / 2 : height - pad - ((value - low) / (high - low)) * (height - 2 * pad));
  let pen = 'M';
  const parts: string[] = [];
  for (const [i, value] of values.entries()) {
    if (value === null) {
      pen = 'M';
      continue;
    }
    parts.push(`${pen}${x(i)} ${y(value)}`);
    pen = 'L';
  }
  return parts.join('');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
