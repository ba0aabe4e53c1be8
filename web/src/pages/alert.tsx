// One alert: what fired, the evidence, what it did, what was sent to whom, and what one can do.
import { useMemo } from 'preact/hooks';
import type { Notification } from '../../../src/domain/contract/alerts.js';
import type { Explanation } from '../../../src/domain/contract/explanation.js';
import { apiUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { modelPath, to } from '../lib/location.js';
import {
  interval,
  limitValue,
  metricName,
  metricValue,
  points,
  share,
  time,
  versionName,
  shorten,
} from '../prepare/format.js';
import { paletteOf } from '../prepare/palette.js';
import { seriesView } from '../prepare/series.js';
import { Card } from '../ui/card.js';
import { Chart } from '../ui/chart.js';
import { say } from '../ui/dialog.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { AlertTabs } from './alert-tabs.js';
import { acknowledge } from './alerts.js';
import { ContributionTable } from './contributions.js';
import { SentTable } from './notifications.js';

const DAY = 86_400_000;

export function AlertPage({ id }: { id: string }) {
  const url = `/v1/alerts/${encodeURIComponent(id)}`;
  const alert = useApi<Explanation>(url);
  return (
    <>
      <AlertTabs title="Alert" here="/alerts" />
      <Await of={alert} what="the alert">
        {(data) => (
          <div class="grid">
            <Summary alert={data} url={url} />
            <Numbers alert={data} url={url} />
            {data.bins.length > 0 && <Bins alert={data} url={url} />}
            {data.quality.length > 0 && <Quality alert={data} url={url} />}
            {data.contributions !== null && data.segments.length > 0 && (
              <Card title="Segments behind the change" span={12} urls={[url]} flush lead={undefined}>
                <p class="lead strip-head">{data.contributions.about}</p>
                <ContributionTable metric={data.contributions.metric} segments={data.segments} />
              </Card>
            )}
            <Sent alert={data} />
            <History alert={data} url={url} />
            <Examples alert={data} url={url} />
            <Sql alert={data} url={url} />
          </div>
        )}
      </Await>
    </>
  );
}

/** The place where the trouble can be seen. */
function pageOf(alert: Explanation): string {
  const shown = {
    version: alert.version,
    range: null,
    from: new Date(
      new Date(alert.since).getTime() -
        14 * (new Date(alert.window_end).getTime() - new Date(alert.window_start).getTime()),
    ).toISOString(),
    to: alert.window_end,
  };
  if (alert.feature === '') return to(modelPath(alert.model), { ...shown, metric: alert.metric });
  return to(modelPath(alert.model, 'feature'), {
    ...shown,
    feature: alert.feature,
    at: alert.window_start,
    until: alert.window_end,
  });
}

function Summary({ alert, url }: { alert: Explanation; url: string }) {
  const { zone, admin } = useView();
  const open = alert.state === 'firing' || alert.state === 'no_data';
  return (
    <Card
      title={`${metricName(alert.metric)}${alert.feature === '' ? '' : ` on ${alert.feature}`}`}
      span={12}
      urls={[url]}
      tools={
        <>
          {admin && open && (
            <button type="button" class="button primary" onClick={() => void acknowledge(alert)}>
              Acknowledge
            </button>
          )}
          {admin && alert.state !== 'resolved' && (
            <button type="button" class="button" onClick={() => void silence(alert)}>
              Silence 24 h
            </button>
          )}
          <a class="button" href={pageOf(alert)}>
            Open where it broke
          </a>
        </>
      }
    >
      <p>
        <Status status={alert.state} /> {alert.severity !== null && <span class="chip">{alert.severity}</span>}{' '}
        {alert.why}
      </p>
      <dl class="facts spaced">
        <dt>Model</dt>
        <dd>
          {alert.model} {versionName(alert.version)}
          {alert.deployment === '' ? '' : `, deployment ${alert.deployment}`}
          {alert.segment === '' ? '' : `, segment ${alert.segment}`}
        </dd>
        <dt>Value</dt>
        <dd>
          {metricValue(alert.metric, alert.value)}, limit {limitValue(alert.metric, alert.threshold)}
        </dd>
        <dt>Window</dt>
        <dd>{interval(alert.window_start, alert.window_end, zone)}</dd>
        <dt>Since</dt>
        <dd>{time(alert.since, zone)}</dd>
        <dt>Rule</dt>
        <dd>
          <a href={to(`/rules/${encodeURIComponent(alert.rule)}`)}>{alert.rule}</a>
        </dd>
        {alert.acknowledged_by !== null && (
          <>
            <dt>Acknowledged by</dt>
            <dd>{alert.acknowledged_by}</dd>
          </>
        )}
      </dl>
    </Card>
  );
}

/** Silence exactly this alert for a day. */
async function silence(alert: Explanation): Promise<void> {
  const now = Date.now();
  const { rule, model, version, feature, segment, metric } = alert;
  const matchers = Object.fromEntries(
    Object.entries({ rule, model, version, feature, segment, metric }).filter(([, value]) => value !== ''),
  );
  try {
    await send('PUT', `/v1/silences/${encodeURIComponent(`alert ${alert.id.slice(0, 8)}`)}`, {
      matchers,
      starts: new Date(now).toISOString(),
      ends: new Date(now + DAY).toISOString(),
      comment: 'from the dashboard',
    });
    say('Silent for 24 hours');
    refreshAll();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

function Numbers({ alert, url }: { alert: Explanation; url: string }) {
  const { zone, dark } = useView();
  const chart = useMemo(() => {
    const noise = alert.numbers.map((point) => ({ ...point, value: point.noise_limit, lower: null, upper: null }));
    const known = (points: readonly { value: number | null }[]): boolean =>
      points.some((point) => point.value !== null);
    return seriesView({
      metric: alert.metric,
      lines: [
        { name: metricName(alert.metric), metric: alert.metric, points: alert.numbers, band: alert.metric !== 'psi' },
        ...(known(noise)
          ? [{ name: 'noise limit', metric: alert.metric, points: noise, dashed: 'dotted' as const }]
          : []),
      ],
      zone,
      palette: paletteOf(dark),
      levels:
        alert.threshold === null
          ? []
          : [
              {
                value: alert.threshold,
                kind: alert.severity ?? 'warning',
                text: `limit ${limitValue(alert.metric, alert.threshold)}`,
              },
            ],
      spans: [{ from: alert.since, to: alert.window_end, severity: alert.severity, text: alert.why }],
    });
  }, [alert, zone, dark]);
  return (
    <Card title="The numbers" span={12} urls={[url]}>
      {alert.numbers.length === 0 ? (
        <Empty title="No numbers are kept of this time" />
      ) : (
        <Chart view={chart} name={`alert ${alert.id}`} height={220} />
      )}
    </Card>
  );
}

function Bins({ alert, url }: { alert: Explanation; url: string }) {
  type Row = Explanation['bins'][number];
  const columns: Column<Row>[] = [
    { name: 'Bin', value: (row) => row.label },
    { name: 'Baseline', right: true, value: (row) => row.baseline_share, cell: (row) => share(row.baseline_share) },
    { name: 'Window', right: true, value: (row) => row.current_share, cell: (row) => share(row.current_share) },
    {
      name: 'Moved, pp',
      right: true,
      value: (row) => row.change,
      cell: (row) => points(row.change),
    },
  ];
  return (
    <Card title="Bins that moved" span={6} urls={[url]} flush>
      <Table
        name="bins"
        caption="Bins, most moved first"
        columns={columns}
        rows={alert.bins}
        keyOf={(row) => row.label}
        csv="moved bins"
        show={8}
      />
    </Card>
  );
}

function Quality({ alert, url }: { alert: Explanation; url: string }) {
  return (
    <Card title="What it did to quality" span={6} urls={[url]}>
      <ul class="stack-tight">
        {alert.quality.map((one, i) => (
          <li key={i}>{one.text}</li>
        ))}
      </ul>
    </Card>
  );
}

function Sent({ alert }: { alert: Explanation }) {
  const url = apiUrl('/v1/notifications', { model: alert.model, limit: 1000 });
  const sent = useApi<Notification[]>(url);
  return (
    <Card title="What was sent to whom" span={12} urls={[url]} flush>
      <Await of={sent} what="notifications">
        {(data) => <SentTable rows={data.filter((row) => row.alert_ids.includes(alert.id))} />}
      </Await>
    </Card>
  );
}

function History({ alert, url }: { alert: Explanation; url: string }) {
  const { zone } = useView();
  type Row = Explanation['history'][number];
  const columns: Column<Row>[] = [
    { name: 'At', value: (row) => row.at, cell: (row) => time(row.at, zone) },
    { name: 'State', value: (row) => row.state, cell: (row) => <Status status={row.state} /> },
    { name: 'Value', right: true, value: (row) => row.value, cell: (row) => metricValue(alert.metric, row.value) },
    { name: 'Why', text: true, value: (row) => row.why },
  ];
  return (
    <Card title="History" span={12} urls={[url]} flush>
      <Table
        name="history"
        caption="Every change of the alert"
        columns={columns}
        rows={alert.history}
        keyOf={(row, i) => `${row.at}${i}`}
        csv="alert history"
      />
    </Card>
  );
}

function Examples({ alert, url }: { alert: Explanation; url: string }) {
  if (alert.examples.length === 0) return null;
  return (
    <Card title="Predictions that show it" span={6} urls={[url]}>
      <ul class="row">
        {alert.examples.map((id) => (
          <li key={id}>
            <a href={to(`/predictions/${encodeURIComponent(id)}`)} class="mono" title={id}>
              {shorten(id, 13)}
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Sql({ alert, url }: { alert: Explanation; url: string }) {
  if (alert.sql.length === 0) return null;
  return (
    <Card title="The same in SQL" span={alert.examples.length === 0 ? 12 : 6} urls={[url]}>
      <div class="stack">
        {alert.sql.map((one, i) => (
          <details key={i}>
            <summary>{one.about}</summary>
            <pre class="code wrap" tabIndex={0}>
              {one.sql}
              {'\n\n'}
              {JSON.stringify(one.params)}
            </pre>
          </details>
        ))}
      </div>
    </Card>
  );
}
