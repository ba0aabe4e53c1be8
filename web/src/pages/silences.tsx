// Silences: times in which matching alerts send nothing.
import { send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { time, zoneName } from '../prepare/format.js';
import { fromInput, toInput } from '../prepare/range.js';
import { Card, QueryButton } from '../ui/card.js';
import { RemoveButton } from '../ui/dialog.js';
import { SubmitForm, TextField, useForm } from '../ui/form.js';
import { Empty } from '../ui/states.js';
import { Status } from '../ui/status.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { ListPage } from './alert-tabs.js';

interface Silence {
  name: string;
  matchers: Record<string, string>;
  starts: string;
  ends: string;
  comment: string;
}
const URL = '/v1/silences';
const MATCHERS = ['rule', 'model', 'version', 'feature', 'segment', 'metric'] as const;
const LABELS: Record<(typeof MATCHERS)[number], string> = {
  rule: 'Rule',
  model: 'Model',
  version: 'Version',
  feature: 'Field',
  segment: 'Segment',
  metric: 'Metric',
};
const DAY = 86_400_000;

export function SilencesPage() {
  const { zone } = useView();
  const loaded = useApi<Silence[]>(URL);
  return (
    <ListPage title="Silences" here="/silences" loaded={loaded} form={<NewSilence key={zone} />}>
      {(data) => <SilenceTable rows={data} />}
    </ListPage>
  );
}

/** Where a silence is in its time. */
function stateOf(silence: Silence, now: number): string {
  if (new Date(silence.ends).getTime() <= now) return 'ended';
  return new Date(silence.starts).getTime() > now ? 'planned' : 'silenced';
}

function SilenceTable({ rows }: { rows: readonly Silence[] }) {
  const { zone, admin } = useView();
  if (rows.length === 0)
    return <Empty title="No silences">While a silence lasts, alerts that match it are kept but not sent.</Empty>;
  const now = Date.now();
  const columns: Column<Silence>[] = [
    { name: 'State', value: (row) => stateOf(row, now), cell: (row) => <Status status={stateOf(row, now)} /> },
    { name: 'Silence', value: (row) => row.name },
    {
      name: 'Matches',
      value: (row) =>
        Object.entries(row.matchers)
          .map(([key, value]) => `${key}=${value}`)
          .join(' '),
      cell: (row) =>
        Object.entries(row.matchers).map(([key, value]) => <span class="chip" key={key}>{`${key} = ${value}`}</span>),
    },
    { name: 'From', value: (row) => row.starts, cell: (row) => time(row.starts, zone) },
    { name: 'To', value: (row) => row.ends, cell: (row) => time(row.ends, zone) },
    { name: 'Comment', value: (row) => row.comment },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (row) =>
        admin ? (
          <RemoveButton
            what="silence"
            name={row.name}
            url={`${URL}/${encodeURIComponent(row.name)}`}
            then="Alerts that it holds back are sent with the next evaluation."
          />
        ) : (
          ''
        ),
    },
  ];
  return (
    <Table
      name="silences"
      caption="Silences"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.name}
      csv="silences"
      foot={<QueryButton urls={[URL]} />}
    />
  );
}

function NewSilence() {
  const { zone, place } = useView();
  const utc = zone === 'UTC';
  const form = useForm({
    name: '',
    comment: '',
    rule: '',
    model: place.query.get('model') ?? '',
    version: '',
    feature: '',
    segment: '',
    metric: '',
    starts: toInput(new Date().toISOString(), utc),
    ends: toInput(new Date(Date.now() + DAY).toISOString(), utc),
  });
  const { values, bind, change, sending } = form;
  const { name, comment, starts, ends } = values;
  const save = async (): Promise<void> => {
    const matchers = Object.fromEntries(
      MATCHERS.map((key) => [key, values[key]] as const).filter(([, value]) => value.trim() !== ''),
    );
    const body = { matchers, starts: fromInput(starts, utc), ends: fromInput(ends, utc), comment };
    if (await sending.run(() => send('PUT', `${URL}/${encodeURIComponent(name)}`, body), 'Silence saved')) {
      change({ name: '' });
      refreshAll();
    }
  };
  return (
    <Card title="New silence">
      <SubmitForm form={form} submit="Silence" ready={name !== ''} save={save}>
        <TextField label="Name" {...bind('name')} />
        {MATCHERS.map((key) => (
          <TextField key={key} label={LABELS[key]} {...bind(key)} hint="empty: any" />
        ))}
        <TextField label={`From (${zoneName(zone)})`} type="datetime-local" {...bind('starts')} />
        <TextField label={`To (${zoneName(zone)})`} type="datetime-local" {...bind('ends')} />
        <TextField label="Comment" {...bind('comment')} wide />
      </SubmitForm>
    </Card>
  );
}
