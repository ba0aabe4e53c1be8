// Channels: where notifications go, each with a button that tries it.
import { useState } from 'preact/hooks';
import type { Notification } from '../../../src/domain/contract/alerts.js';
import { send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { Card, QueryButton } from '../ui/card.js';
import { RemoveButton, say } from '../ui/dialog.js';
import { ChoiceField, SubmitForm, TextField, useForm } from '../ui/form.js';
import { Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { ListPage } from './alert-tabs.js';

interface Channel {
  name: string;
  type: 'email' | 'webhook' | 'slack';
  to?: string[];
  url?: string;
  secret?: string;
}
const URL = '/v1/channels';
const TYPES = [
  ['email', 'mail'],
  ['webhook', 'webhook'],
  ['slack', 'Slack'],
] as const;

export function ChannelsPage() {
  const loaded = useApi<Channel[]>(URL);
  return (
    <ListPage title="Channels" here="/channels" loaded={loaded} form={<NewChannel />}>
      {(data) => <ChannelTable rows={data} />}
    </ListPage>
  );
}

function ChannelTable({ rows }: { rows: readonly Channel[] }) {
  const { admin } = useView();
  const [tried, setTried] = useState<Record<string, Notification | 'busy'>>({});
  if (rows.length === 0)
    return (
      <Empty title="No channels">A channel is where a rule sends: mail addresses, a webhook, or a Slack webhook.</Empty>
    );
  const test = async (name: string): Promise<void> => {
    setTried((last) => ({ ...last, [name]: 'busy' }));
    try {
      const answer = await send<Notification>('POST', `${URL}/${encodeURIComponent(name)}/test`);
      setTried((last) => ({ ...last, [name]: answer }));
    } catch (error) {
      setTried(({ [name]: _, ...last }) => last);
      say(error instanceof Error ? error.message : String(error));
    }
  };
  const columns: Column<Channel>[] = [
    { name: 'Channel', value: (row) => row.name },
    { name: 'Type', value: (row) => TYPES.find(([key]) => key === row.type)?.[1] ?? row.type },
    {
      name: 'To',
      value: (row) => row.to?.join(', ') ?? row.url ?? '',
      cell: (row) => <span class="wrap-any">{row.to?.join(', ') ?? row.url}</span>,
    },
    { name: 'Signed', value: (row) => (row.secret === undefined ? 'no' : 'yes') },
    {
      name: 'Last test',
      plain: true,
      value: () => null,
      cell: (row) => {
        const result = tried[row.name];
        if (result === undefined) return '-';
        if (result === 'busy') return 'sending…';
        return <Status status={result.outcome}>{result.error ?? 'it arrived at the other side'}</Status>;
      },
    },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (row) =>
        admin ? (
          <span class="row">
            <button
              type="button"
              class="button"
              disabled={tried[row.name] === 'busy'}
              onClick={() => void test(row.name)}
            >
              Test
            </button>
            <RemoveButton what="channel" name={row.name} url={`${URL}/${encodeURIComponent(row.name)}`} />
          </span>
        ) : (
          ''
        ),
    },
  ];
  return (
    <Table
      name="channels"
      caption="Channels"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.name}
      foot={<QueryButton urls={[URL]} />}
    />
  );
}

const EMPTY = { name: '', type: 'email', target: '', secret: '' };

function NewChannel() {
  const form = useForm(EMPTY);
  const { values, bind, change, sending } = form;
  const { name, type, target, secret } = values;
  const save = async (): Promise<void> => {
    const addresses = target.split(/[\s,;]+/).filter((one) => one !== '');
    const body =
      type === 'email'
        ? { type, to: addresses }
        : { type, url: target, ...(type === 'webhook' && secret !== '' ? { secret } : {}) };
    if (await sending.run(() => send('PUT', `${URL}/${encodeURIComponent(name)}`, body), 'Channel saved')) {
      change({ name: '', target: '', secret: '' });
      refreshAll();
    }
  };
  return (
    <Card title="New channel" lead="A name that exists is replaced.">
      <SubmitForm form={form} submit="Save" ready={name !== '' && target !== ''} save={save}>
        <TextField label="Name" {...bind('name')} />
        <ChoiceField label="Type" {...bind('type')} values={TYPES} />
        <TextField
          label={type === 'email' ? 'Addresses' : 'URL'}
          {...bind('target', 'to', 'url', 'to.0')}
          hint={type === 'email' ? 'separated by commas' : undefined}
        />
        {type === 'webhook' && (
          <TextField label="Secret" type="password" {...bind('secret')} hint="signs each message; may be left out" />
        )}
      </SubmitForm>
    </Card>
  );
}
