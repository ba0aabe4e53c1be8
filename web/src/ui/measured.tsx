// A number with how sure it is.
import { estimate } from '../prepare/format.js';

/** A metric's value and, smaller, how far its interval reaches. */
export function Measured({
  metric,
  value,
  lower,
  upper,
  testId,
}: {
  metric: string;
  value: number | null;
  lower: number | null;
  upper: number | null;
  testId?: string;
}) {
  const shown = estimate(metric, value, lower, upper);
  return (
    <>
      <span data-testid={testId}>{shown.value}</span>
      {shown.spread !== '' && <small class="spread"> {shown.spread}</small>}
    </>
  );
}
