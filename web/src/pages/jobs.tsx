// Jobs: when they run, how their runs went, and a run on request.
import { useState } from 'preact/hooks';
import type { Overview, OverviewModel } from '../../../src/domain/contract/overview.js';
import type { JobInfo, JobRun, JobRunAnswer } from '../../../src/domain/contract/metrics.js';
import { apiUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { modelPath, to } from '../lib/location.js';
import { ago, plural, seconds, time } from '../prepare/format.js';
import { behindSeconds, behindText } from '../prepare/jobs.js';
import { Card } from '../ui/card.js';
import { say } from '../ui/dialog.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

export function JobsTab() {
  const jobs = useApi<JobInfo[]>('/v1/jobs');
  const runsUrl = apiUrl('/v1/job-runs', { limit: 200 });
  const runs = useApi<JobRun[]>(runsUrl);
  return (
    <div class="stack">
      <Card title="Jobs" urls={['/v1/jobs']} flush>
        <Await of={jobs} what="jobs">
          {(data) => <Schedule jobs={data} />}
        </Await>
      </Card>
      <Lag />
      <Card title="Runs" urls={[runsUrl]} flush>
        <Await of={runs} what="runs">
          {(data) => (data.length === 0 ? <Empty title="No job has run yet" /> : <Runs rows={data} />)}
        </Await>
      </Card>
    </div>
  );
}

/** How far the numbers of each model are behind its predictions, and its labels behind both. */
function Lag() {
  const { zone, range, place } = useView();
  const url = apiUrl('/v1/overview', { from: range.from, to: range.to });
  const overview = useApi<Overview>(url);
  const columns: Column<OverviewModel>[] = [
    {
      name: 'Model',
      value: (row) => row.model,
      cell: (row) => (
        <a class="wrap-any" href={to(modelPath(row.model), {}, place.query)}>
          {row.model}
        </a>
      ),
    },
    { name: 'Windows', value: (row) => row.window },
    { name: 'Last prediction', right: true, value: (row) => row.last_seen, cell: (row) => time(row.last_seen, zone) },
    { name: 'Computed', right: true, value: (row) => row.computed_at, cell: (row) => time(row.computed_at, zone) },
    { name: 'Behind', right: true, value: behindSeconds, cell: (row) => behindText(behindSeconds(row)) },
    {
      name: 'Labels take (p90)',
      right: true,
      value: (row) => row.label_lag_p90.value,
      cell: (row) => seconds(row.label_lag_p90.value),
    },
  ];
  return (
    <Card title="Lag" urls={[url]} flush>
      <Await of={overview} what="the lag">
        {({ models }) =>
          models.length === 0 ? (
            <Empty title="No model yet" />
          ) : (
            <Table
              name="lag"
              caption="How far numbers are behind predictions, the farthest first"
              columns={columns}
              rows={models}
              keyOf={(row) => row.model}
              csv="lag"
              sort={{ column: 'Behind', descending: true }}
              foot={<span>a window is computed when it is complete: up to its length is usual</span>}
            />
          )
        }
      </Await>
    </Card>
  );
}

function Schedule({ jobs }: { jobs: readonly JobInfo[] }) {
  const { zone, admin } = useView();
  const [busy, setBusy] = useState<string | null>(null);
  const now = Date.now();
  const run = async (job: string): Promise<void> => {
    setBusy(job);
    try {
      const answer = await send<JobRunAnswer>('POST', `/v1/jobs/${job}/run`, {});
      say(`${job}: ${answer.status}, ${plural(answer.windows, 'window')}, ${plural(answer.points, 'number')}`);
      refreshAll();
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
    setBusy(null);
  };
  const columns: Column<JobInfo>[] = [
    { name: 'Job', value: (row) => row.job },
    {
      name: 'Schedule',
      value: (row) => row.schedule,
      cell: (row) => (row.scheduled ? <code>{row.schedule}</code> : <span class="muted">not scheduled here</span>),
    },
    {
      name: 'Last run',
      value: (row) => row.last_run?.started_at ?? null,
      cell: (row) =>
        row.last_run === null ? (
          'never'
        ) : (
          <>
            <Status status={row.last_run.status} />
            <small title={time(row.last_run.started_at, zone, { seconds: true })}>
              {' '}
              {ago(row.last_run.started_at, now)}
            </small>
          </>
        ),
    },
    {
      name: 'Next run',
      value: (row) => row.next_run,
      cell: (row) =>
        row.next_run === null ? (
          '-'
        ) : (
          <span title={time(row.next_run, zone, { seconds: true })}>{ago(row.next_run, now)}</span>
        ),
    },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (row) =>
        admin ? (
          <button type="button" class="button" disabled={busy !== null} onClick={() => void run(row.job)}>
            {busy === row.job ? 'Running…' : 'Run now'}
          </button>
        ) : (
          ''
        ),
    },
  ];
  return <Table name="jobs" caption="Jobs" columns={columns} rows={jobs} keyOf={(row) => row.job} />;
}

function Runs({ rows }: { rows: readonly JobRun[] }) {
  const { zone } = useView();
  const duration = (row: JobRun): number | null =>
    row.finished_at === null ? null : (new Date(row.finished_at).getTime() - new Date(row.started_at).getTime()) / 1000;
  const columns: Column<JobRun>[] = [
    {
      name: 'Started',
      value: (row) => row.started_at,
      cell: (row) => <span class="nowrap">{time(row.started_at, zone, { seconds: true })}</span>,
    },
    { name: 'Job', value: (row) => row.job },
    { name: 'Status', value: (row) => row.status, cell: (row) => <Status status={row.status} /> },
    { name: 'Model', value: (row) => row.model ?? 'all' },
    { name: 'By', value: (row) => row.trigger },
    {
      name: 'Took',
      right: true,
      value: duration,
      cell: (row) => (duration(row) === null ? 'running' : took(duration(row) ?? 0)),
    },
    {
      name: 'Windows',
      right: true,
      value: (row) => row.windows,
      cell: (row) =>
        row.finished_at === null && row.windows_total > 0
          ? `${row.windows} of ${row.windows_total}`
          : row.windows.toLocaleString('en-US'),
    },
    { name: 'Numbers', right: true, value: (row) => row.points, cell: (row) => row.points.toLocaleString('en-US') },
    {
      name: 'Errors',
      text: true,
      value: (row) => row.errors.join('; '),
      cell: (row) => (row.errors.length === 0 ? '-' : <span class="wrap-any worse">{row.errors.join('; ')}</span>),
    },
  ];
  return (
    <Table
      name="runs"
      caption="Runs, newest first"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.run_id}
      csv="job runs"
      show={50}
    />
  );
}

function took(value: number): string {
  return value < 10 ? `${value.toFixed(2)} s` : seconds(value);
}
