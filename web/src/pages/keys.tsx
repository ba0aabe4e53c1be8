// API keys: made here, shown once, removed here.
import { useState } from 'preact/hooks';
import type { ApiKey } from '../../../src/domain/contract/alerts.js';
import { send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { day } from '../prepare/format.js';
import { Card, copy } from '../ui/card.js';
import { RemoveButton } from '../ui/dialog.js';
import { ChecksField, SubmitForm, TextField, useForm } from '../ui/form.js';
import { Await, Empty } from '../ui/states.js';
import { Id, Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';

const URL = '/v1/api-keys';
const SCOPES = ['ingest', 'read', 'admin'] as const;

export function KeysTab() {
  const { session } = useView();
  const keys = useApi<ApiKey[]>(URL);
  return (
    <div class="stack">
      {!session.authentication && (
        <div class="banner">
          Authentication is off: everybody on this machine may do everything. DRIFTLINE_ADMIN_KEY turns it on.
        </div>
      )}
      <Card title="API keys" urls={[URL]} flush>
        <Await of={keys} what="keys">
          {(data) =>
            data.length === 0 ? (
              <Empty title="No keys">A key lets a program send or read; it may be limited to some models.</Empty>
            ) : (
              <KeyTable rows={data} />
            )
          }
        </Await>
      </Card>
      <NewKey />
    </div>
  );
}

function KeyTable({ rows }: { rows: readonly ApiKey[] }) {
  const { zone } = useView();
  const columns: Column<ApiKey>[] = [
    { name: 'Name', value: (row) => row.name },
    { name: 'Id', value: (row) => row.id, cell: (row) => <Id id={row.id} /> },
    { name: 'Scopes', value: (row) => row.scopes.join(', ') },
    { name: 'Models', value: (row) => row.models?.join(', ') ?? 'all' },
    { name: 'Made', right: true, value: (row) => row.created_at, cell: (row) => day(row.created_at, zone) },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (row) => (
        <RemoveButton
          what="key"
          name={row.name}
          url={`${URL}/${encodeURIComponent(row.id)}`}
          then="Whoever uses it is refused from then on."
        />
      ),
    },
  ];
  return <Table name="keys" caption="API keys" columns={columns} rows={rows} keyOf={(row) => row.id} csv="api keys" />;
}

function NewKey() {
  const form = useForm({ name: '', scopes: ['ingest'], models: '' });
  const { values, bind, change, sending } = form;
  const { name, scopes } = values;
  const [made, setMade] = useState<string | null>(null);
  const save = async (): Promise<void> => {
    const limited = values.models
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
    const body = { name, scopes, ...(limited.length > 0 ? { models: limited } : {}) };
    await sending.run(async () => {
      const answer = await send<{ key: string }>('POST', URL, body);
      setMade(answer.key);
      change({ name: '' });
      refreshAll();
    });
  };
  return (
    <Card title="New key">
      <SubmitForm form={form} submit="Make the key" ready={name !== '' && scopes.length > 0} save={save}>
        <TextField label="Name" {...bind('name')} />
        <TextField label="Models" {...bind('models')} hint="separated by commas; empty: all" />
        <ChecksField label="May" {...bind('scopes')} values={SCOPES} />
      </SubmitForm>
      {made !== null && (
        <div class="banner spaced-top" role="status">
          <span>This key is shown once:</span>
          <code class="wrap-any">{made}</code>
          <button type="button" class="button" onClick={() => copy(made, 'Key')}>
            Copy
          </button>
          <button type="button" class="button quiet" onClick={() => setMade(null)}>
            I have it
          </button>
        </div>
      )}
    </Card>
  );
}
