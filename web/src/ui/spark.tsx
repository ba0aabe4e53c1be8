// A line small enough for a row or a tile. Decoration beside a number: the number says it in words.
import { sparkPath } from '../prepare/spark.js';

export function Spark({ values }: { values: readonly (number | null)[] }) {
  const path = sparkPath(values, 100, 24);
  if (path === '') return <span class="spark" />;
  return (
    <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
