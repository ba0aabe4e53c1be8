// Quality over time by version, with what it is held against; and what charts of a model are marked with.
import { useMemo } from 'preact/hooks';
import type { Alert } from '../../../src/domain/contract/alerts.js';
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import type { ModelEvent } from '../../../src/domain/contract/registry.js';
import { apiUrl, modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, go } from '../lib/location.js';
import { metricName, plural } from '../prepare/format.js';
import { marksOf } from '../prepare/marks.js';
import {
  linesByVersion,
  newestLines,
  QUALITY_BY_TASK,
  spansOf,
  thresholdsOf,
  type NamedRule,
} from '../prepare/model.js';
import { paletteOf } from '../prepare/palette.js';
import { referenceLine } from '../prepare/reference.js';
import { seriesView, type Mark } from '../prepare/series.js';
import { Card } from '../ui/card.js';
import { Chart } from '../ui/chart.js';
import { Await, Empty } from '../ui/states.js';
import { useView } from '../ui/view.js';
import type { ModelView } from './model-head.js';

/** Charts of the page move their cursors together. */
export const GROUP = 'model';

/** The rules and the alerts of a model: lines and shades of its charts. */
export function useWatch(model: string): { rules: NamedRule[]; alerts: Alert[] } {
  const rules = useApi<NamedRule[]>('/v1/alert-rules');
  const alerts = useApi<Alert[]>(apiUrl('/v1/alerts/history', { model, limit: 500 }));
  return { rules: rules.data ?? [], alerts: alerts.data ?? [] };
}

/** A quality metric over time, a line a version. */
export function QualityCard({ view }: { view: ModelView }) {
  const { place, zone, dark } = useView();
  const { model, from, to: until } = view;
  const offered = QUALITY_BY_TASK[model.task] ?? [];
  const metric = place.query.get('metric') ?? model.quality?.metric ?? offered[0] ?? 'accuracy';
  const url = offered.length === 0 ? null : modelUrl(model.model, 'metrics', { metric, segment: '', from, to: until });
  const points = useApi<MetricPointJson[]>(url);
  const { rules, alerts } = useWatch(model.model);
  const marks = useMarks(view);
  const lines = useMemo(() => {
    const versions = model.versions.map((one) => one.version);
    return newestLines(linesByVersion(points.data ?? [], metric, versions), view.version);
  }, [points.data, metric, model, view.version]);
  const chart = useMemo(() => {
    if (points.data === null) return null;
    const reference = model.quality?.metric === metric ? model.quality.reference : null;
    return seriesView({
      metric,
      lines: lines.shown,
      zone,
      palette: paletteOf(dark),
      levels: [
        ...thresholdsOf(rules, { model: model.model, metric }),
        ...(reference === null || reference === undefined
          ? []
          : [
              {
                value: reference,
                kind: 'reference' as const,
                text: model.quality === null ? '' : referenceLine(model.quality, model.version),
              },
            ]),
      ],
      spans: spansOf(alerts, { metric }),
      marks,
    });
  }, [points.data, lines, metric, rules, alerts, marks, zone, dark, model]);
  if (offered.length === 0) return null;
  return (
    <Card
      title="Quality"
      span={12}
      urls={[url]}
      tools={
        <select
          aria-label="Metric"
          value={metric}
          onChange={(event) => go(change({ metric: event.currentTarget.value }, place), { replace: true })}
        >
          {[...new Set([metric, ...offered])].map((name) => (
            <option key={name} value={name}>
              {metricName(name)}
            </option>
          ))}
        </select>
      }
    >
      <Await of={points} what="quality">
        {(data) =>
          chart !== null && data.some((point) => point.value !== null) ? (
            <>
              {lines.left > 0 && (
                <p class="lead">{plural(lines.left, 'older version')} not drawn; choose one in the head to see it.</p>
              )}
              <Chart view={chart} name={`${model.model} ${metric}`} group={GROUP} height={260} />
            </>
          ) : (
            <NoQuality view={view} />
          )
        }
      </Await>
    </Card>
  );
}

function NoQuality({ view: { model } }: { view: ModelView }) {
  if ((model.predictions.value ?? 0) === 0)
    return <Empty title="No data">There are no predictions in this range.</Empty>;
  if (model.label_coverage.value === 0 || model.label_coverage.value === null) {
    return (
      <Empty title="Waiting for labels">
        Predictions are here, their ground truth is not. POST /v1/ground-truth takes it, as JSON, CSV or Parquet,
        whenever it is known.
      </Empty>
    );
  }
  return (
    <Empty title="Not enough data">No window of this range has enough labelled predictions for this number.</Empty>
  );
}

/** What happened to the model inside the range: stages, aliases, versions, baselines, configuration. */
export function useMarks({ model, from, to: until }: ModelView): Mark[] {
  const events = useApi<ModelEvent[]>(modelUrl(model.model, 'events', { from, to: until }));
  return useMemo(() => marksOf(events.data ?? [], from), [events.data, from]);
}
