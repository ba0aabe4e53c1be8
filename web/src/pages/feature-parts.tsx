// Of one field: its bins over time, and its drift in each segment.
import type { Distribution, MetricPointJson } from '../../../src/domain/contract/metrics.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { change, go } from '../lib/location.js';
import { binsOverTime, MOST_WINDOWS, newestWindows } from '../prepare/bins-over-time.js';
import { count, interval, number } from '../prepare/format.js';
import { Card } from '../ui/card.js';
import { Heat } from '../ui/heat.js';
import { useSeen } from '../ui/seen.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import type { ModelView } from './model-head.js';

/** The window that the address names, else the whole range. */
export function useSpan(view: ModelView): { from: string; to: string; whole: boolean } {
  const { place } = useView();
  const [at, until] = [place.query.get('at'), place.query.get('until')];
  return at !== null && until !== null
    ? { from: at, to: until, whole: false }
    : { from: view.from, to: view.to, whole: true };
}

/** Bins window by window; asked for when it comes into view. */
export function OverTimeCard({ view, feature }: { view: ModelView; feature: string }) {
  const { zone, place } = useView();
  const [seen, mark] = useSeen();
  const { model, to: until, version } = view;
  const { from, cut } = newestWindows(view, model.window);
  const url = modelUrl(model.model, 'distribution', {
    feature,
    version,
    from,
    to: until,
    over: 'time',
    counts: 'stored',
  });
  const loaded = useApi<Distribution>(seen ? url : null);
  return (
    <Card title="Bins over time" span={12} urls={[url]} flush>
      <div ref={mark} />
      {cut && (
        <p class="lead card-lead">
          The newest {count(MOST_WINDOWS)} windows of the range, {interval(from, until, zone)}
        </p>
      )}
      <Await of={loaded} what="bins over time">
        {(data) => {
          const heat = binsOverTime(data, zone);
          return (
            <Heat
              view={heat}
              label={`Bins of ${feature} over time`}
              scale="as in the baseline → 15 points of per cent away and more"
              open={(_, column) => {
                const cell = heat.columns[column];
                if (cell !== undefined) go(change({ at: cell.from, until: cell.to }, place));
              }}
            />
          );
        }}
      </Await>
    </Card>
  );
}

interface SegmentRow {
  segment: string;
  value: number | null;
  limit: number | null;
  n: number | null;
  status: string;
}

/** The field's drift in each segment, in the window that is shown. */
export function FeatureSegmentsCard({ view, feature }: { view: ModelView; feature: string }) {
  const { zone } = useView();
  const { model, version, to: until } = view;
  const span = useSpan(view);
  // One window: the one that is shown, or the newest.
  const from = span.whole ? view.from : span.from;
  const url = modelUrl(model.model, 'metrics', {
    metric: 'psi',
    feature,
    version,
    from,
    to: span.whole ? until : span.to,
  });
  const points = useApi<MetricPointJson[]>(url);
  return (
    <Card title="Segments" span={12} urls={[url]} flush>
      <Await of={points} what="segments">
        {(data) => {
          const newest = data
            .filter((point) => point.segment !== '')
            .reduce((last, point) => (point.window_start > last ? point.window_start : last), '');
          const rows = data
            .filter((point) => point.segment !== '' && point.window_start === newest)
            .map((point): SegmentRow => ({
              segment: point.segment,
              value: point.value,
              limit: point.upper,
              n: point.n,
              status: point.status,
            }));
          if (rows.length === 0)
            return (
              <Empty title="No segments">
                This model has none, or none in this range. They are set as segments of the model.
              </Empty>
            );
          return (
            <Table
              name="segments"
              caption="PSI of the field in each segment"
              columns={SEGMENT_COLUMNS}
              rows={rows}
              keyOf={(row) => row.segment}
              sort={{ column: 'PSI', descending: true }}
              csv={`${feature} segments`}
              foot={
                <span>
                  window of{' '}
                  {interval(newest, data.find((point) => point.window_start === newest)?.window_end ?? newest, zone)}
                </span>
              }
            />
          );
        }}
      </Await>
    </Card>
  );
}

const SEGMENT_COLUMNS: Column<SegmentRow>[] = [
  { name: 'Segment', value: (row) => row.segment, cell: (row) => <span class="mono wrap-any">{row.segment}</span> },
  { name: 'PSI', right: true, value: (row) => row.value, cell: (row) => number(row.value) },
  { name: 'Limit', right: true, value: (row) => row.limit, cell: (row) => number(row.limit) },
  { name: 'n', right: true, value: (row) => row.n, cell: (row) => number(row.n) },
  {
    name: 'Status',
    value: (row) => row.status,
    cell: (row) => (
      <Status
        status={row.value !== null && row.limit !== null && row.value > row.limit ? 'beyond its limit' : row.status}
      />
    ),
  },
];
