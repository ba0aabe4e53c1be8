// Segments behind a change: what came of their share (mix) and what of their own value (rate).
import type { ContributionAnswer } from '../../../src/domain/contract/explanation.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { delta, difference, interval, metricName, metricValue } from '../prepare/format.js';
import { Card } from '../ui/card.js';
import { CountFirst } from '../ui/count-first.js';
import { useSeen } from '../ui/seen.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import type { ModelView } from './model-head.js';

/** A segment's part in a change. */
export interface Contribution {
  segment: string;
  n_before: number;
  n_after: number;
  value_before: number | null;
  value_after: number | null;
  mix_effect: number | null;
  rate_effect: number | null;
}

export function ContributionTable({ metric, segments }: { metric: string; segments: readonly Contribution[] }) {
  const columns: Column<Contribution>[] = [
    { name: 'Segment', value: (row) => row.segment, cell: (row) => <span class="mono wrap-any">{row.segment}</span> },
    {
      name: 'n before',
      right: true,
      value: (row) => row.n_before,
      cell: (row) => row.n_before.toLocaleString('en-US'),
    },
    { name: 'n after', right: true, value: (row) => row.n_after, cell: (row) => row.n_after.toLocaleString('en-US') },
    {
      name: `${metricName(metric)} before`,
      right: true,
      value: (row) => row.value_before,
      cell: (row) => metricValue(metric, row.value_before),
    },
    {
      name: 'after',
      right: true,
      value: (row) => row.value_after,
      cell: (row) => metricValue(metric, row.value_after),
    },
    { name: 'Mix', right: true, value: (row) => row.mix_effect, cell: (row) => difference(metric, row.mix_effect) },
    { name: 'Rate', right: true, value: (row) => row.rate_effect, cell: (row) => difference(metric, row.rate_effect) },
  ];
  return (
    <Table
      name="segments"
      caption="Segments, largest effect first"
      columns={columns}
      rows={segments}
      keyOf={(row) => row.segment}
      csv="contributions"
      show={8}
    />
  );
}

/** What of the change inside the range came from which segment: its second half against its first. Counted from rows, so only when it is seen. */
export function SegmentsCard({ view }: { view: ModelView }) {
  const [seen, mark] = useSeen();
  const metric = view.model.task === 'regression' ? 'mae' : 'accuracy';
  // The second half of the range against the first: what changed inside of what is shown.
  const middle = new Date((new Date(view.from).getTime() + new Date(view.to).getTime()) / 2).toISOString();
  const url = modelUrl(view.model.model, 'contributions', {
    metric,
    version: view.version,
    from: middle,
    to: view.to,
    before_from: view.from,
    before_to: middle,
  });
  if (view.model.task === 'none') return null;
  return (
    <Card title="Segments behind the change" span={12} urls={[url]} flush>
      <div ref={mark} />
      <CountFirst n={view.model.predictions.value ?? 0} name="segments" what="segments">
        {() => <Contributed url={seen ? url : null} metric={metric} />}
      </CountFirst>
    </Card>
  );
}

function Contributed({ url, metric }: { url: string | null; metric: string }) {
  const { zone } = useView();
  const loaded = useApi<ContributionAnswer>(url);
  return (
    <Await of={loaded} what="segments">
      {(data) =>
        data.segments.length === 0 ? (
          <Empty title="No segments to tell apart">
            Neither the model's segments nor its tags divide the labelled predictions of this range.
          </Empty>
        ) : (
          <>
            <p class="lead strip-head">
              {metricName(metric)} {metricValue(metric, data.before)} in{' '}
              {interval(data.before_from, data.before_to, zone)}, {metricValue(metric, data.after)} in{' '}
              {interval(data.from, data.to, zone)} (
              {data.before === null || data.after === null
                ? 'not comparable'
                : delta(metric, data.after, data.before) || 'no change'}
              ). Mix: the segment's share changed; rate: its own value did.
            </p>
            <ContributionTable metric={metric} segments={data.segments} />
          </>
        )
      }
    </Await>
  );
}
