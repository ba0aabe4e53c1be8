// One version against another over the range: differences with their intervals and p-values.
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, go } from '../lib/location.js';
import { versionName } from '../prepare/format.js';
import { QUALITY_BY_TASK } from '../prepare/model.js';
import { Card } from '../ui/card.js';
import { CountFirst } from '../ui/count-first.js';
import { Await, Empty } from '../ui/states.js';
import { useView } from '../ui/view.js';
import { ComparisonTable } from './comparison-table.js';
import type { ModelView } from './model-head.js';

export function CompareCard({ view }: { view: ModelView }) {
  const { place } = useView();
  const { model, version, from, to } = view;
  const others = model.versions.map((one) => one.version).filter((one) => one !== version);
  const other = place.query.get('against') ?? others[0] ?? null;
  const metrics = QUALITY_BY_TASK[model.task] ?? [];
  const url =
    version === null || other === null
      ? null
      : modelUrl(model.model, 'metrics', {
          metric: metrics,
          version,
          compare: other,
          window: 'range',
          segment: '',
          from,
          to,
        });
  // Both versions, on about as many predictions.
  const n = 2 * (model.predictions.value ?? 0);
  return (
    <Card
      title="Version against version"
      span={12}
      urls={[url]}
      flush
      tools={
        others.length > 0 && version !== null ? (
          <label class="row">
            <span class="muted small">{versionName(version)} against</span>
            <select
              value={other ?? ''}
              onChange={(event) => go(change({ against: event.currentTarget.value }, place), { replace: true })}
            >
              {others.map((one) => (
                <option key={one} value={one}>
                  {versionName(one)}
                </option>
              ))}
            </select>
          </label>
        ) : undefined
      }
    >
      {other === null ? (
        <Empty title="There is one version">
          A second one can be compared with it, on the same predictions where both made them.
        </Empty>
      ) : (
        <CountFirst
          key={`${version} ${other}`}
          n={n}
          name="versions"
          what="both versions"
          note="Their numbers are beside one another above; tests of the difference compare them row by row."
        >
          {() => <Compared url={url} version={version ?? ''} other={other} metrics={metrics} />}
        </CountFirst>
      )}
    </Card>
  );
}

function Compared({
  url,
  version,
  other,
  metrics,
}: {
  url: string | null;
  version: string;
  other: string;
  metrics: readonly string[];
}) {
  const loaded = useApi<MetricPointJson[]>(url);
  return (
    <Await of={loaded} what="the comparison">
      {(data) => {
        const rows = data.filter((point) => point.value !== null && metrics.includes(point.metric));
        return rows.length === 0 ? (
          <Empty title="Waiting for labels">Neither version has labelled predictions in this range.</Empty>
        ) : (
          <ComparisonTable name="compare" version={version} other={other} rows={rows} />
        );
      }}
    </Await>
  );
}
