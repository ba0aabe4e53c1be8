// Administrative changes: who, what, when, before and after.
import type { AuditRow } from '../../../src/domain/contract/ingestion.js';
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { time } from '../prepare/format.js';
import { Card } from '../ui/card.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

export function AuditTab() {
  const { zone } = useView();
  const url = apiUrl('/v1/audit', { limit: 500 });
  const rows = useApi<AuditRow[]>(url);
  const shown = (value: unknown): string =>
    value === null || value === undefined ? 'nothing' : JSON.stringify(value, null, 1);
  const columns: Column<AuditRow>[] = [
    {
      name: 'At',
      value: (row) => row.at,
      cell: (row) => <span class="nowrap">{time(row.at, zone, { seconds: true })}</span>,
    },
    { name: 'By', value: (row) => row.actor_name || row.actor },
    { name: 'Action', text: true, value: (row) => row.action },
    {
      name: 'Target',
      text: true,
      value: (row) => row.target,
      cell: (row) => <code class="wrap-any">{row.target}</code>,
    },
    {
      name: 'Change',
      value: (row) => `${shown(row.before)} -> ${shown(row.after)}`,
      cell: (row) => (
        <details>
          <summary>before and after</summary>
          <pre class="code wrap" tabIndex={0}>
            {`before: ${shown(row.before)}\nafter: ${shown(row.after)}`}
          </pre>
        </details>
      ),
    },
  ];
  return (
    <Card title="Administrative changes" urls={[url]} flush>
      <Await of={rows} what="changes">
        {(data) =>
          data.length === 0 ? (
            <Empty title="Nothing was changed yet" />
          ) : (
            <Table
              name="changes"
              caption="Changes, newest first"
              columns={columns}
              rows={data}
              keyOf={(row) => row.id}
              csv="changes"
            />
          )
        }
      </Await>
    </Card>
  );
}
