// What was sent, to which channel, why, and whether it arrived.
import type { Notification } from '../../../src/domain/contract/alerts.js';
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { to } from '../lib/location.js';
import { time } from '../prepare/format.js';
import { QueryButton } from '../ui/card.js';
import { Await, Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { AlertTabs } from './alert-tabs.js';

export function NotificationsPage() {
  const { place } = useView();
  const url = apiUrl('/v1/notifications', { model: place.query.get('model'), limit: 1000 });
  const sent = useApi<Notification[]>(url);
  return (
    <>
      <AlertTabs title="Sent" here="/notifications" />
      <section class="card" aria-label="Notifications">
        <Await of={sent} what="notifications">
          {(data) => <SentTable rows={data} url={url} />}
        </Await>
      </section>
    </>
  );
}

export function SentTable({ rows, url }: { rows: readonly Notification[]; url?: string }) {
  const { zone } = useView();
  if (rows.length === 0)
    return <Empty title="Nothing was sent">A rule sends through its channels when it fires.</Empty>;
  const columns: Column<Notification>[] = [
    { name: 'At', value: (row) => row.at, cell: (row) => <span class="nowrap">{time(row.at, zone)}</span> },
    {
      name: 'Outcome',
      value: (row) => row.outcome,
      cell: (row) => (
        <>
          <Status status={row.outcome} />
          {row.error !== null && (
            <>
              <br />
              <small class="wrap-any">{row.error}</small>
            </>
          )}
        </>
      ),
    },
    { name: 'Channel', value: (row) => row.channel },
    {
      name: 'Subject',
      text: true,
      value: (row) => row.subject,
      cell: (row) => <span class="wrap-any">{row.subject}</span>,
    },
    { name: 'Reason', value: (row) => row.reason.replaceAll('_', ' ') },
    {
      name: 'Rule',
      value: (row) => row.rule,
      cell: (row) => (row.rule === '' ? '-' : <a href={to(`/rules/${encodeURIComponent(row.rule)}`)}>{row.rule}</a>),
    },
    { name: 'Attempts', right: true, value: (row) => row.attempts },
  ];
  return (
    <Table
      name="sent"
      caption="Notifications, newest first"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.id}
      csv="notifications"
      foot={url === undefined ? undefined : <QueryButton urls={[url]} />}
    />
  );
}
