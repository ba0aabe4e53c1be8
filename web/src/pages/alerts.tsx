// Alerts: what is open, worst first, and everything there ever was.
import type { Alert } from '../../../src/domain/contract/alerts.js';
import { apiUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { change, to } from '../lib/location.js';
import { day, limitValue, metricName, metricValue, time, versionName } from '../prepare/format.js';
import { alertTabs, inTab, worstFirst } from '../prepare/alerts.js';
import { QueryButton } from '../ui/card.js';
import { say } from '../ui/dialog.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { AlertTabs } from './alert-tabs.js';

export function AlertsPage() {
  const { place, zone, admin } = useView();
  const model = place.query.get('model');
  const tab = place.query.get('state') ?? 'open';
  const url = apiUrl('/v1/alerts/history', { model, limit: 1000 });
  const alerts = useApi<Alert[]>(url);
  return (
    <>
      <AlertTabs title="Alerts" here="/alerts" />
      <Await of={alerts} what="alerts">
        {(data) => {
          const shown = worstFirst(data.filter((alert) => inTab(alert, tab)));
          return (
            <>
              <div class="tabs" role="navigation" aria-label="State of alerts">
                {alertTabs(data).map(({ key, name, n }) => (
                  <a
                    key={key}
                    href={change({ state: key === 'open' ? null : key }, place)}
                    aria-current={tab === key ? 'page' : undefined}
                  >
                    {name} <span class="num">{n}</span>
                  </a>
                ))}
                {model !== null && (
                  <a href={change({ model: null }, place)}>
                    {model} <span aria-hidden="true">×</span>
                    <span class="hidden"> only; show all models</span>
                  </a>
                )}
              </div>
              <section class="card" aria-label="Alerts">
                {shown.length === 0 ? (
                  <Empty title={tab === 'open' ? 'No alert is open' : 'None'}>
                    {data.length === 0 ? (
                      <>
                        No rule has fired. <a href={to('/rules/new', { model }, place.query)}>Make a rule</a> and try it
                        on the past first.
                      </>
                    ) : undefined}
                  </Empty>
                ) : (
                  <Table
                    name="alerts"
                    caption="Alerts, worst first"
                    columns={columns(zone, admin)}
                    rows={shown}
                    keyOf={(row) => row.id}
                    csv="alerts"
                    foot={<QueryButton urls={[url]} />}
                  />
                )}
              </section>
            </>
          );
        }}
      </Await>
    </>
  );
}

/** Say that someone looks after an alert. */
export async function acknowledge(alert: Pick<Alert, 'id'>): Promise<void> {
  try {
    await send('POST', `/v1/alerts/${alert.id}/acknowledge`);
    say('Acknowledged: it is not repeated any more');
    refreshAll();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

function columns(zone: 'UTC' | 'local', admin: boolean): Column<Alert>[] {
  return [
    {
      name: 'State',
      value: (row) => row.state,
      cell: (row) => (
        <>
          <Status status={row.state} />
          {row.severity !== null && (
            <>
              <br />
              <small>{row.severity}</small>
            </>
          )}
        </>
      ),
    },
    {
      name: 'What',
      text: true,
      value: (row) => `${row.metric} ${row.feature} ${row.segment}`.trim(),
      cell: (row) => (
        <>
          <a href={to(`/alerts/${row.id}`)}>
            {metricName(row.metric)}
            {row.feature === '' ? '' : ` on ${row.feature}`}
            {row.segment === '' ? '' : `, ${row.segment}`}
          </a>
          <br />
          <small>{row.why}</small>
        </>
      ),
    },
    {
      name: 'Model',
      value: (row) => row.model,
      cell: (row) => (
        <>
          {row.model} <small>{versionName(row.version)}</small>
        </>
      ),
    },
    { name: 'Value', right: true, value: (row) => row.value, cell: (row) => metricValue(row.metric, row.value) },
    {
      name: 'Limit',
      right: true,
      value: (row) => row.threshold,
      cell: (row) => limitValue(row.metric, row.threshold),
    },
    {
      name: 'Since',
      right: true,
      value: (row) => row.since,
      cell: (row) => <span title={time(row.since, zone)}>{day(row.since, zone)}</span>,
    },
    {
      name: 'Rule',
      value: (row) => row.rule,
      cell: (row) => <a href={to(`/rules/${encodeURIComponent(row.rule)}`)}>{row.rule}</a>,
    },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (row) =>
        admin && (row.state === 'firing' || row.state === 'no_data') ? (
          <button type="button" class="button" onClick={() => void acknowledge(row)}>
            Acknowledge
          </button>
        ) : (
          ''
        ),
    },
  ];
}
