// One field: how it was distributed in the baseline and is now, which bins moved, and its drift over time.
import { useEffect, useMemo } from 'preact/hooks';
import type { Distribution, MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, go } from '../lib/location.js';
import { interval, metricValue, number, points as inPoints, share } from '../prepare/format.js';
import { binsOf, distributionView, movedBins, movedPhrase, type Bin } from '../prepare/distribution.js';
import { linesByVersion, spansOf, thresholdsOf } from '../prepare/model.js';
import { paletteOf } from '../prepare/palette.js';
import { seriesView } from '../prepare/series.js';
import { Card } from '../ui/card.js';
import { Chart, fetchCharts } from '../ui/chart.js';
import { SmallChart } from '../ui/small-chart.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { GROUP, useMarks, useWatch } from './model-quality.js';
import { FeatureSegmentsCard, OverTimeCard, useSpan } from './feature-parts.js';
import { ModelFrame, type ModelView } from './model-head.js';

const DRIFT = [
  'psi',
  'psi_noise_99',
  'ks_statistic',
  'ks_p_value',
  'js_distance',
  'chi2_p_value',
  'l_infinity',
  'missing_share',
  'unseen_share',
];

export function FeaturePage({ model }: { model: string }) {
  const { place } = useView();
  const feature = place.query.get('feature');
  useEffect(fetchCharts, []);
  if (feature === null)
    return <Empty title="No field is named">The address needs ?feature=, such as inputs.age.</Empty>;
  return (
    <ModelFrame model={model} part="feature">
      {(view) => <Feature view={view} feature={feature} />}
    </ModelFrame>
  );
}

function Feature({ view, feature }: { view: ModelView; feature: string }) {
  const { model, from, to: until, version } = view;
  const url = modelUrl(model.model, 'metrics', { metric: DRIFT, feature, version, segment: '', from, to: until });
  const points = useApi<MetricPointJson[]>(url);
  return (
    <div class="grid">
      <DistributionCard view={view} feature={feature} points={points.data} />
      <Card title="PSI over time" span={12} urls={[url]}>
        <Await of={points} what="drift over time">
          {(data) => <PsiChart view={view} feature={feature} points={data} />}
        </Await>
      </Card>
      <Card title="Tests and shares" span={12} urls={[url]}>
        <Await of={points} what="tests">
          {(data) => <Tests points={data} />}
        </Await>
      </Card>
      <OverTimeCard view={view} feature={feature} />
      <FeatureSegmentsCard view={view} feature={feature} />
    </div>
  );
}

function DistributionCard({
  view,
  feature,
  points,
}: {
  view: ModelView;
  feature: string;
  points: readonly MetricPointJson[] | null;
}) {
  const { zone, dark, place } = useView();
  const span = useSpan(view);
  const url = modelUrl(view.model.model, 'distribution', {
    feature,
    version: view.version,
    from: span.from,
    to: span.to,
    counts: 'stored',
  });
  const loaded = useApi<Distribution>(url);
  const current = interval(span.from, span.to, zone);
  const chart = useMemo(
    () => (loaded.data === null ? null : distributionView(loaded.data, paletteOf(dark), current)),
    [loaded.data, dark, current],
  );
  return (
    <>
      <Card
        title="Baseline and current distribution"
        span={8}
        urls={[url]}
        tools={
          <>
            {place.query.has('at') && (
              <a class="button quiet" href={change({ at: null, until: null }, place)}>
                Whole range
              </a>
            )}
            <WindowPicker points={points} />
          </>
        }
      >
        <Await of={loaded} what="the distribution">
          {(data) =>
            chart !== null && (
              <>
                <p class="lead">{lead(data)}</p>
                <Chart view={chart} name={`${feature} distribution`} height={360} />
              </>
            )
          }
        </Await>
      </Card>
      <Card title="Most shifted bins" span={4} urls={[url]} flush>
        <Await of={loaded} what="the bins">
          {(data) => <BinTable bins={binsOf(data)} name={`${feature} bins`} />}
        </Await>
      </Card>
    </>
  );
}

function lead(data: Distribution): string {
  const bins = binsOf(data);
  const total = bins.reduce((sum, bin) => sum + (bin.psi ?? 0), 0);
  const rows = data.current.reduce((sum, n) => sum + n, 0);
  if (rows === 0) return 'No rows of this field in this window.';
  return `Most moved: ${movedBins(bins).map(movedPhrase).join('; ')}. PSI ${number(total)} against ${data.baseline_name}, n = ${rows.toLocaleString('en-US')}${data.counts === 'stored' ? ', over computed windows' : ''}.`;
}

function WindowPicker({ points }: { points: readonly MetricPointJson[] | null }) {
  const { place, zone } = useView();
  const windows = (points ?? []).filter((point) => point.metric === 'psi');
  const at = place.query.get('at');
  return (
    <select
      aria-label="Window"
      value={at ?? ''}
      onChange={(event) => {
        const chosen = windows.find((point) => point.window_start === event.currentTarget.value);
        go(change({ at: chosen?.window_start, until: chosen?.window_end }, place), { replace: true });
      }}
    >
      <option value="">whole range</option>
      {at !== null && !windows.some((point) => point.window_start === at) && (
        <option value={at}>{interval(at, place.query.get('until') ?? at, zone)}</option>
      )}
      {[...windows].reverse().map((point) => (
        <option key={point.window_start} value={point.window_start}>
          {interval(point.window_start, point.window_end, zone)} PSI {number(point.value)}
        </option>
      ))}
    </select>
  );
}

function BinTable({ bins, name }: { bins: readonly Bin[]; name: string }) {
  const columns: Column<Bin>[] = [
    {
      name: 'Bin',
      value: (bin) => bin.label,
      cell: (bin) => <span class={bin.label.length > 24 ? 'wrap-any' : 'nowrap'}>{bin.label}</span>,
    },
    { name: 'Baseline', right: true, value: (bin) => bin.baseline, cell: (bin) => share(bin.baseline) },
    { name: 'Current', right: true, value: (bin) => bin.current, cell: (bin) => share(bin.current) },
    {
      name: 'Moved, pp',
      right: true,
      value: (bin) => Math.abs(bin.current - bin.baseline),
      cell: (bin) => inPoints(bin.current - bin.baseline),
    },
    { name: 'PSI', right: true, value: (bin) => bin.psi, cell: (bin) => (bin.psi === null ? '-' : bin.psi.toFixed(4)) },
  ];
  return (
    <Table
      name="bins"
      caption="Bins by how far they moved"
      columns={columns}
      rows={bins}
      keyOf={(bin) => bin.label}
      csv={name}
      sort={{ column: 'Moved, pp', descending: true }}
      show={11}
    />
  );
}

function PsiChart({ view, feature, points }: { view: ModelView; feature: string; points: readonly MetricPointJson[] }) {
  const { zone, dark } = useView();
  const { rules, alerts } = useWatch(view.model.model);
  const marks = useMarks(view);
  const psi = points.filter((point) => point.metric === 'psi');
  const chart = useMemo(() => {
    const limits = psi.map((point) => ({ ...point, value: point.upper, upper: null, lower: null }));
    const noise = points.filter((point) => point.metric === 'psi_noise_99');
    return seriesView({
      metric: 'psi',
      lines: [
        ...linesByVersion(psi, 'psi', [view.version ?? '']),
        { name: 'limit', metric: 'psi', points: limits, dashed: true },
        ...(noise.length === 0
          ? []
          : [{ name: 'noise (99 %)', metric: 'psi', points: noise, dashed: 'dotted' as const }]),
      ],
      zone,
      palette: paletteOf(dark),
      levels: thresholdsOf(rules, { model: view.model.model, metric: 'psi', feature }),
      spans: spansOf(alerts, { metric: 'psi', feature, version: view.version }),
      marks,
    });
  }, [points, rules, alerts, marks, zone, dark, view.version, feature]);
  if (psi.length === 0)
    return (
      <Empty title="Not compared">
        This field has no drift numbers in this range: it is not in the baseline, or no window is complete.
      </Empty>
    );
  const newest = psi.at(-1);
  return (
    <>
      {newest !== undefined && (
        <p class="lead">
          Newest window: PSI {metricValue('psi', newest.value)}, limit {metricValue('psi', newest.upper)}, n ={' '}
          {number(newest.n)}
          {newest.status === 'ok' ? '' : <Status status={newest.status} />}
        </p>
      )}
      <Chart view={chart} name={`${feature} PSI`} group={GROUP} height={220} />
    </>
  );
}

const SMALL = [
  { title: 'KS statistic', metric: 'ks_statistic' },
  { title: 'KS p-value', metric: 'ks_p_value' },
  { title: 'Chi-square p-value', metric: 'chi2_p_value' },
  { title: 'JS distance', metric: 'js_distance' },
  { title: 'Missing share', metric: 'missing_share' },
  { title: 'Unseen share', metric: 'unseen_share' },
] as const;

function Tests({ points }: { points: readonly MetricPointJson[] }) {
  const panels = SMALL.map((panel) => ({
    ...panel,
    points: points.filter((point) => point.metric === panel.metric),
  })).filter((panel) => panel.points.some((point) => point.value !== null));
  return (
    <div class="grid">
      {panels.map((panel) => (
        <SmallChart
          group={GROUP}
          key={panel.metric}
          title={panel.title}
          metric={panel.metric}
          span={panels.length > 3 ? 3 : 4}
          lines={[{ name: panel.title, metric: panel.metric, points: panel.points }]}
        />
      ))}
    </div>
  );
}
