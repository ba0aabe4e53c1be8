// A chart among several: small, under its own title; a sentence where it has no values.
import { useMemo } from 'preact/hooks';
import { paletteOf } from '../prepare/palette.js';
import { seriesView, type Line } from '../prepare/series.js';
import { Chart } from './chart.js';
import { useView } from './view.js';

/** `name`: of its file and its table, the title where left out. Charts of one `group` share the cursor. */
export function SmallChart({
  title,
  metric,
  lines,
  span,
  group,
  name = title,
  height = 140,
}: {
  title: string;
  metric: string;
  lines: readonly Line[];
  span: 3 | 4 | 6;
  group: string;
  name?: string;
  height?: number;
}) {
  const { zone, dark } = useView();
  const chart = useMemo(
    () => seriesView({ metric, lines, zone, palette: paletteOf(dark), compact: true }),
    [metric, lines, zone, dark],
  );
  const known = lines.some((line) => line.points.some((point) => point.value !== null));
  return (
    <div class={`span-${span}`}>
      {known ? (
        <Chart view={chart} title={title} name={name} group={group} height={height} />
      ) : (
        <>
          <h3>{title}</h3>
          <p class="muted small">Not tracked in this range.</p>
        </>
      )}
    </div>
  );
}
