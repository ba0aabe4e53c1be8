// What serves a model, replica by replica: who is there, what each does, and how it went over time.
import { useMemo } from 'preact/hooks';
import type { Replicas } from '../../../src/domain/contract/replicas.js';
import { modelUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { ago, bytes, interval, milliseconds, number, plural, share, time, versionName } from '../prepare/format.js';
import {
  failedShare,
  PANELS,
  replicaLines,
  replicaName,
  replicaRange,
  withoutLine,
  type ReplicaRow,
} from '../prepare/replicas.js';
import { Card } from '../ui/card.js';
import { SmallChart } from '../ui/small-chart.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { ModelFrame, type ModelView } from './model-head.js';

const GROUP = 'replicas';

export function ReplicasPage({ model }: { model: string }) {
  return (
    <ModelFrame model={model} part="replicas">
      {(view) => <ReplicaCards view={view} />}
    </ModelFrame>
  );
}

function ReplicaCards({ view }: { view: ModelView }) {
  const { zone, place, range } = useView();
  const { from, to } = replicaRange(range.from !== null, view.from, view.to);
  const url = modelUrl(view.model.model, 'replicas', { version: place.query.get('version'), from, to });
  const loaded = useApi<Replicas>(url);
  return (
    <Await of={loaded} what="replicas">
      {(data) =>
        data.replicas.length === 0 ? (
          <section class="card">
            <Empty title="No replica was heard of">
              Predictions may name the replica that made them, and the clients report of theirs every ten seconds.
            </Empty>
          </section>
        ) : (
          <div class="grid">
            <Card title="Replicas" span={12} urls={[url]} flush>
              <p class="lead strip-head">
                {interval(data.from, data.to, zone)}: {plural(data.replicas.length, 'replica')},{' '}
                {data.replicas.filter((row) => row.live).length} live, {plural(data.all.requests, 'request')},{' '}
                {plural(data.all.failed_requests, 'failed', 'failed')}
                {data.all.dropped > 0 && (
                  <span class="worse">, {plural(data.all.dropped, 'prediction')} dropped by clients</span>
                )}
              </p>
              <ReplicaTable data={data} />
            </Card>
            <Card title="Over time" span={12} urls={[url]} lead={overTime(data)}>
              <div class="grid">
                {PANELS.map((panel) => (
                  <Panel key={panel.metric} {...panel} data={data} />
                ))}
              </div>
            </Card>
          </div>
        )
      }
    </Await>
  );
}

function overTime(data: Replicas): string {
  const step = data.step_ms < 60_000 ? `${data.step_ms / 1000} s` : `${data.step_ms / 60_000} min`;
  const others = withoutLine(data);
  const cut = others === 0 ? '' : ` ${plural(others, 'replica')} with fewer requests have no line.`;
  return `Steps of ${step}.${cut}`;
}

function Panel({ title, metric, data }: (typeof PANELS)[number] & { data: Replicas }) {
  const lines = useMemo(() => replicaLines(data, metric), [data, metric]);
  const name = `${data.model} ${title} by replica`;
  return <SmallChart title={title} metric={metric} lines={lines} span={6} group={GROUP} name={name} height={180} />;
}

function ReplicaTable({ data }: { data: Replicas }) {
  const { zone } = useView();
  const now = Date.now();
  const columns: Column<ReplicaRow>[] = [
    {
      name: 'Replica',
      value: (row) => replicaName(row, data),
      cell: (row) => <span class="mono wrap-any">{replicaName(row, data)}</span>,
    },
    { name: 'Version', value: (row) => row.version, cell: (row) => versionName(row.version) },
    {
      name: 'State',
      value: (row) => (row.live ? 'live' : 'silent'),
      cell: (row) => (row.live ? <Status status="live" /> : <Status status="silent" />),
    },
    {
      name: 'Requests',
      right: true,
      value: (row) => row.requests,
      cell: (row) => row.requests.toLocaleString('en-US'),
    },
    {
      name: 'Requests/s',
      right: true,
      value: (row) => row.requests_per_second,
      cell: (row) => number(row.requests_per_second),
    },
    { name: 'Failed', right: true, value: (row) => row.failed_requests },
    { name: 'Failed, share', right: true, value: failedShare, cell: (row) => share(failedShare(row), 2) },
    {
      name: 'Latency p50',
      right: true,
      value: (row) => row.latency_ms_p50,
      cell: (row) => milliseconds(row.latency_ms_p50),
    },
    {
      name: 'p95',
      right: true,
      value: (row) => row.latency_ms_p95,
      cell: (row) => milliseconds(row.latency_ms_p95),
    },
    { name: 'CPU cores', right: true, value: (row) => row.cpu_cores, cell: (row) => number(row.cpu_cores) },
    { name: 'Memory', right: true, value: (row) => row.memory_bytes, cell: (row) => bytes(row.memory_bytes) },
    {
      name: 'Last heard of',
      right: true,
      value: (row) => row.last_seen,
      cell: (row) => <span title={time(row.last_seen, zone, { seconds: true })}>{ago(row.last_seen, now)}</span>,
    },
    { name: 'Known from', value: (row) => row.sources.join(', ') },
  ];
  return (
    <Table
      name="replicas"
      caption="Replicas, the one with the most failed requests first"
      columns={columns}
      rows={data.replicas}
      keyOf={(row) => `${row.version} ${row.deployment} ${row.replica}`}
      sort={{ column: 'Failed', descending: true }}
      csv={`replicas of ${data.model}`}
    />
  );
}
