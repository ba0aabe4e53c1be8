// One model: how it is, since when, and where to look.
import type { Alert } from '../../../src/domain/contract/alerts.js';
import type { MetricPointJson } from '../../../src/domain/contract/metrics.js';
import type { Grid } from '../../../src/domain/contract/overview.js';
import { apiUrl, modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { go, modelPath, to } from '../lib/location.js';
import { heatView } from '../prepare/grid.js';
import { interval, share } from '../prepare/format.js';
import { criticalOf, linesByMetric } from '../prepare/model.js';
import { Card } from '../ui/card.js';
import { Heat } from '../ui/heat.js';
import { Measured } from '../ui/measured.js';
import { SmallChart } from '../ui/small-chart.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { useView } from '../ui/view.js';
import { ChallengersCard } from './challengers.js';
import { SegmentsCard } from './contributions.js';
import { AlertStrip } from './alert-strip.js';
import { ModelFrame, type ModelView } from './model-head.js';
import { GROUP, QualityCard, useWatch } from './model-quality.js';
import { Tiles } from './tiles.js';

const TECHNICAL = [
  { title: 'Requests per second', metrics: ['requests_per_second'] },
  { title: 'Error rate', metrics: ['error_rate'] },
  { title: 'Latency', metrics: ['latency_p50', 'latency_p95', 'latency_p99'] },
  { title: 'CPU a request', metrics: ['cpu_ms_mean'] },
  { title: 'Memory, largest', metrics: ['memory_bytes_max'] },
  { title: 'Sizes', metrics: ['request_bytes_mean', 'response_bytes_mean'] },
] as const;

export function ModelPage({ model }: { model: string }) {
  return (
    <ModelFrame model={model} part="">
      {(view) => (
        <>
          <Tiles view={view} />
          <div class="grid">
            <QualityCard view={view} />
            <DriftCard view={view} />
            <AlertsCard view={view} />
            <SegmentsCard view={view} />
            <ChallengersCard view={view} />
            <LabelsCard view={view} />
            <TechnicalCard view={view} />
          </div>
        </>
      )}
    </ModelFrame>
  );
}

function DriftCard({ view }: { view: ModelView }) {
  const { zone, place } = useView();
  const { model, from, to: until, version } = view;
  const url = modelUrl(model.model, 'grid', { metric: 'psi', version, from, to: until, columns: 60 });
  const grid = useApi<Grid>(url);
  const { rules } = useWatch(model.model);
  return (
    <Card title="Drift of fields" span={8} urls={[url]} flush>
      <Await of={grid} what="drift">
        {(data) =>
          data.rows.length === 0 ? (
            <Empty title="Nothing is compared yet">
              Drift needs a <a href={to('/data', { tab: 'baselines', model: model.model }, place.query)}>baseline</a>,
              or a complete first window to compare with.
            </Empty>
          ) : (
            <Heat
              view={heatView(data, zone, (feature) => criticalOf(rules, model.model, feature))}
              label={`PSI of fields of ${model.model} over time`}
              open={(row, column) => {
                const [feature, cell] = [data.rows[row]?.feature, data.columns[column]];
                if (feature === undefined || cell === undefined) return;
                go(
                  to(
                    modelPath(model.model, 'feature'),
                    { version: place.query.get('version'), feature, at: cell.from, until: cell.to },
                    place.query,
                  ),
                );
              }}
            />
          )
        }
      </Await>
    </Card>
  );
}

function AlertsCard({ view }: { view: ModelView }) {
  const { place } = useView();
  const url = apiUrl('/v1/alerts/history', { model: view.model.model, limit: 500 });
  const alerts = useApi<Alert[]>(url);
  return (
    <Card
      title="Alerts"
      span={4}
      urls={[url]}
      flush
      tools={
        <a class="button quiet" href={to('/alerts', { model: view.model.model }, place.query)}>
          All
        </a>
      }
    >
      <Await of={alerts} what="alerts">
        {(data) => <AlertStrip alerts={data} counts={view.model.alerts} />}
      </Await>
    </Card>
  );
}

function LabelsCard({ view }: { view: ModelView }) {
  const { model, from, to: until, version } = view;
  const metrics = ['label_coverage', 'label_lag_p50', 'label_lag_p90', 'label_lag_p99'];
  const url =
    model.task === 'none'
      ? null
      : modelUrl(model.model, 'metrics', { metric: metrics, version, segment: '', from, to: until });
  const points = useApi<MetricPointJson[]>(url);
  if (model.task === 'none') return null;
  return (
    <Card title="Labels" span={12} urls={[url]}>
      <Await of={points} what="labels">
        {(data) => (
          <>
            <Newest of={model.newest_labels} />
            <div class="grid">
              <SmallChart
                group={GROUP}
                title="Coverage"
                metric="label_coverage"
                lines={linesByMetric(data, ['label_coverage'])}
                span={6}
              />
              <SmallChart
                group={GROUP}
                title="Lag"
                metric="label_lag_p90"
                lines={linesByMetric(data, metrics.slice(1))}
                span={6}
              />
            </div>
          </>
        )}
      </Await>
    </Card>
  );
}

/** Labels of the newest window, and what is usual at its age. */
function Newest({ of }: { of: ModelView['model']['newest_labels'] }) {
  const { zone } = useView();
  if (of === null) return null;
  const { coverage, upper, usual } = of;
  return (
    <p class="lead" data-testid="coverage">
      {interval(of.window_start, of.window_end, zone)}: <Measured metric="label_coverage" {...of} value={coverage} /> of
      labels are in, {usual === null ? 'what is usual is not known yet' : `usually ${share(usual)} at this age`}{' '}
      {usual !== null && upper !== null && upper < usual && <Status status="fewer than usual" />}
    </p>
  );
}

function TechnicalCard({ view }: { view: ModelView }) {
  const { place } = useView();
  const { model, from, to: until, version } = view;
  const metrics = TECHNICAL.flatMap((panel) => panel.metrics);
  const url = modelUrl(model.model, 'metrics', { metric: metrics, version, segment: '', from, to: until });
  const points = useApi<MetricPointJson[]>(url);
  return (
    <Card
      title="Technical"
      span={12}
      urls={[url]}
      tools={
        <a class="button quiet" href={to(modelPath(model.model, 'replicas'), { version: place.query.get('version') })}>
          By replica
        </a>
      }
    >
      <Await of={points} what="technical numbers">
        {(data) => (
          <div class="grid">
            {TECHNICAL.map((panel) => (
              <SmallChart
                group={GROUP}
                key={panel.title}
                title={panel.title}
                metric={panel.metrics[0]}
                lines={linesByMetric(data, panel.metrics)}
                span={4}
              />
            ))}
          </div>
        )}
      </Await>
    </Card>
  );
}
